// A frontend developer's first hour: the client that openapi-typescript generates from the document, over
// openapi-fetch, lists all members by cursor and reads one. Compiled with --strict and run by .ci/run against a
// running server, whose address is the first argument.

import createClient from "openapi-fetch";
import type { components, paths } from "./openapi.js";

type Member = components["schemas"]["MemberOut"];

function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

const baseUrl = process.argv[2];
assert(baseUrl, "usage: client.js URL");
// The lists also exist as CSV, NDJSON and GeoJSON: this client speaks JSON and understands refusals.
const client = createClient<paths, "application/json" | "application/problem+json">({ baseUrl });

async function allMembers(): Promise<{ members: Member[]; total: number; sequence: number }> {
  const members: Member[] = [];
  let cursor: string | undefined;
  let total: number | null = null;
  let sequence: number | null = null;
  do {
    const query = { limit: 7, sort: "-joined_on", count: "exact" as const, ...(cursor ? { cursor } : {}) };
    const { data: page, error, response } = await client.GET("/api/v1/members", { params: { query } });
    assert(page, `${response.status}: ${error?.detail}`);
    members.push(...page.data);
    total ??= page.page.total;
    sequence ??= page.sequence;
    cursor = page.page.next_cursor ?? undefined;
  } while (cursor);
  assert(total !== null && sequence !== null, "the first page has a total and a sequence");
  return { members, total, sequence };
}

const { members, total } = await allMembers();
assert(members.length === total, `${members.length} members listed, ${total} counted`);
assert(new Set(members.map((member) => member.id)).size === total, "a member was listed twice");
assert(members.every((member) => member.name.fr ?? member.name.ar ?? member.name.en), "a member without a name");

const first = members[0];
assert(first, "there are members");
const one = await client.GET("/api/v1/members/{id}", {
  params: { path: { id: first.slug }, query: { include: "territory", lang: "ar" } },
});
assert(one.data, `${one.response.status}: ${one.error?.detail}`);
assert(one.data.id === first.id && one.data.kind === first.kind, "the one read is the one listed");
const territory = one.data.included?.territories[0];
assert(territory?.code === first.territory_code, "its territory came along");
assert(Object.keys(one.data.name).length === 1, "one language is left");

const refused = await client.GET("/api/v1/members", { params: { query: { limit: 999 } } });
assert(refused.response.status === 400 && refused.error, "a limit of 999 is refused");
assert(refused.error.code === "invalid_parameter", "the refusal has a code to branch on");
assert(refused.error.errors[0]?.parameter === "limit", "and names the parameter");

// A write, typed as well; without a token it is refused before anything else is looked at.
const unsigned = await client.PATCH("/api/v1/members/{id}", {
  params: { path: { id: first.slug }, header: { "If-Match": `"${first.version}-json"` } },
  body: { website: "https://www.example.org", name: { en: null } },
});
assert(unsigned.response.status === 401 && unsigned.error, "a write without a token is refused");
assert(unsigned.error.code === "unauthenticated", "and says what is missing");

console.log(`typed client: ${total} members listed, ${first.slug} read, refusals understood`);
