//! Load that does not wait for the server: each connection sends on a schedule of its own, as people do who know nothing
//! of each other. A generator that sends when it has an answer slows down with the server, and hides how long the others
//! would have waited. Plain threads and sockets, so that nothing of the server's own framework is measured with it.

use std::{
    collections::BTreeMap,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::{Barrier, OnceLock},
    thread,
    time::{Duration, Instant},
};

/// What to send, and how fast.
#[derive(clap::Args)]
pub struct Args {
    #[arg(long)]
    address: SocketAddr,
    #[arg(long)]
    path: String,
    /// Requests a second over all connections; more than can be answered keeps every connection busy.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rate: u32,
    /// Connections, with a thread each.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=4096))]
    connections: u16,
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=60))]
    seconds: u16,
    /// A further header, like "Cache-Control: no-cache".
    #[arg(long = "header")]
    headers: Vec<String>,
}

/// How long an answer, or a connection, may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long who can't be connected waits before it tries again.
const PAUSE: Duration = Duration::from_millis(20);
/// The longest line of a head.
const MAX_LINE_BYTES: u64 = 16_384;

/// An answer.
struct Sample {
    status: u16,
    /// From the sending of the request to the end of the answer.
    took: Duration,
    /// From when the request was due to the end of the answer.
    since_due: Duration,
    /// Whether it came before the time was over.
    in_time: bool,
}

/// What a connection has met.
#[derive(Default)]
struct Met {
    sent: usize,
    errors: usize,
    samples: Vec<Sample>,
}

/// Sends for some seconds and prints a line of JSON with what came back; `per_second` counts the answers that came before
/// the time was over.
pub fn run(args: &Args) {
    let (start, ready) = (OnceLock::new(), Barrier::new(usize::from(args.connections)));
    let all: Vec<Met> = thread::scope(|scope| {
        let begin = |number| {
            let (start, ready) = (&start, &ready);
            move || {
                // All are connected before the first one sends.
                let connection = open(args.address).ok();
                ready.wait();
                send(args, number, connection, *start.get_or_init(Instant::now))
            }
        };
        let threads: Vec<_> = (0..args.connections).map(|number| scope.spawn(begin(number))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no thread panics")).collect()
    });
    let (sent, errors) = all.iter().fold((0, 0), |sums, met| (sums.0 + met.sent, sums.1 + met.errors));
    let mut by_status = BTreeMap::<u16, Vec<Sample>>::new();
    for sample in all.into_iter().flat_map(|met| met.samples) {
        by_status.entry(sample.status).or_default().push(sample);
    }
    let by_status: serde_json::Map<_, _> =
        by_status.iter().map(|(status, samples)| (status.to_string(), summary(samples, args.seconds))).collect();
    let seconds = args.seconds;
    println!("{}", serde_json::json!({"sent": sent, "seconds": seconds, "by_status": by_status, "errors": errors}));
}

fn summary(samples: &[Sample], seconds: u16) -> serde_json::Value {
    let sorted = |time: fn(&Sample) -> Duration| {
        let mut times: Vec<f64> = samples.iter().map(|sample| time(sample).as_secs_f64() * 1_000.0).collect();
        times.sort_by(f64::total_cmp);
        times
    };
    let (took, since_due) = (sorted(|sample| sample.took), sorted(|sample| sample.since_due));
    let percentile = |times: &[f64], percent: usize| times[(times.len() * percent).div_ceil(100) - 1];
    let in_time = u32::try_from(samples.iter().filter(|sample| sample.in_time).count()).expect("fewer than 4 billion");
    serde_json::json!({
        "count": samples.len(),
        "per_second": f64::from(in_time) / f64::from(seconds),
        "p50_ms": percentile(&took, 50),
        "p99_ms": percentile(&took, 99),
        "max_ms": percentile(&took, 100),
        "due_p99_ms": percentile(&since_due, 99),
    })
}

fn open(address: SocketAddr) -> io::Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(BufReader::with_capacity(64 << 10, stream))
}

/// Sends what is due on the schedule of one connection, at once when that is over already.
fn send(args: &Args, number: u16, mut connection: Option<BufReader<TcpStream>>, start: Instant) -> Met {
    let mut request = format!("GET {} HTTP/1.1\r\nHost: {}\r\n", args.path, args.address);
    request.extend(args.headers.iter().map(|header| format!("{header}\r\n")));
    request.push_str("\r\n");
    let step = Duration::from_secs(1) / args.rate;
    let end = start + Duration::from_secs(args.seconds.into());
    let mut due = start + step * u32::from(number);
    let mut met = Met::default();
    while due.max(Instant::now()) < end {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        met.sent += 1;
        let exchange = connection.take().map_or_else(|| open(args.address), Ok).and_then(|mut connection| {
            let sent = Instant::now();
            connection.get_mut().write_all(request.as_bytes())?;
            let (status, stays_open) = read(&mut connection)?;
            Ok((status, sent, stays_open.then_some(connection)))
        });
        match exchange {
            Ok((status, sent, kept)) => {
                let now = Instant::now();
                let (took, since_due) = (now - sent, now.saturating_duration_since(due));
                met.samples.push(Sample { status, took, since_due, in_time: now <= end });
                connection = kept;
            }
            Err(_counted) => {
                met.errors += 1;
                thread::sleep(PAUSE);
            }
        }
        due += step * u32::from(args.connections);
    }
    met
}

/// Reads an answer to its end: its status, and whether the connection can be used again.
fn read(connection: &mut BufReader<TcpStream>) -> io::Result<(u16, bool)> {
    let malformed = || io::Error::from(io::ErrorKind::InvalidData);
    let first = line(connection)?;
    let status = first.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(malformed)?;
    let (mut length, mut is_chunked, mut stays_open) = (None, false, first.starts_with("HTTP/1.1"));
    loop {
        let field = line(connection)?;
        if field.is_empty() {
            break;
        }
        let (name, value) = field.split_once(':').ok_or_else(malformed)?;
        match (name.to_ascii_lowercase().as_str(), value.trim().to_ascii_lowercase().as_str()) {
            ("content-length", value) => length = Some(value.parse().map_err(|_no_number| malformed())?),
            ("transfer-encoding", "chunked") => is_chunked = true,
            ("connection", "close") => stays_open = false,
            _ => {}
        }
    }
    match length {
        _ if matches!(status, 204 | 304) => {}
        _ if is_chunked => loop {
            let size = line(connection)?;
            let size = size.split(';').next().and_then(|size| u64::from_str_radix(size.trim(), 16).ok());
            match size.ok_or_else(malformed)? {
                // Trailers, if any, and the empty line.
                0 => {
                    while !line(connection)?.is_empty() {}
                    break;
                }
                size => skip(connection, size)?,
            }
            line(connection)?;
        },
        Some(length) => skip(connection, length)?,
        None => {
            stays_open = false;
            io::copy(connection, &mut io::sink())?;
        }
    }
    Ok((status, stays_open))
}

/// A line without its end.
fn line(connection: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    connection.take(MAX_LINE_BYTES).read_line(&mut line)?;
    line.strip_suffix("\r\n").map(str::to_owned).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

/// Reads so many bytes without keeping them.
fn skip(connection: &mut BufReader<TcpStream>, mut left: u64) -> io::Result<()> {
    while left > 0 {
        let there = connection.fill_buf()?.len();
        if there == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let taken = usize::try_from(left).map_or(there, |left| left.min(there));
        connection.consume(taken);
        left = left.saturating_sub(u64::try_from(taken).map_err(io::Error::other)?);
    }
    Ok(())
}
