//! The words of the home page in three languages.

use crate::kernel::language::Language;

/// The words of the home page in one language.
pub struct Texts {
    /// What this site is.
    pub subtitle: &'static str,
    /// Heading of the way in.
    pub start: &'static str,
    /// Link to the interactive documentation, and what it is for.
    pub docs: (&'static str, &'static str),
    /// Link to the OpenAPI document, and what it is for.
    pub openapi: (&'static str, &'static str),
    /// Link to the index of the API, and what it is for.
    pub index: (&'static str, &'static str),
    /// Heading of the composition.
    pub today: &'static str,
    /// What is counted.
    pub members: &'static str,
    /// Before the number of members without a date of joining.
    pub undated: &'static str,
    /// Before the number of invented members.
    pub illustrative: &'static str,
    /// Link to the statistics, and what is there.
    pub statistics: (&'static str, &'static str),
    /// Link to the members, and what is there.
    pub list: (&'static str, &'static str),
    /// Link to the members as a table, and what is there.
    pub table: (&'static str, &'static str),
    /// Link to the members as a map, and what is there.
    pub map: (&'static str, &'static str),
    /// Heading of the data.
    pub data: &'static str,
    /// Link to the network, and what is there.
    pub network: (&'static str, &'static str),
    /// Link to the charter, and what is there.
    pub charter: (&'static str, &'static str),
    /// Link to the communes, and what is there.
    pub communes: (&'static str, &'static str),
    /// Link to the regions as a table, and what is there.
    pub regions: (&'static str, &'static str),
    /// Heading of the last section.
    pub more: &'static str,
    /// Link to the kinds of problems.
    pub problems: &'static str,
    /// Link to the state of the server.
    pub health: &'static str,
    /// Before the date of establishment.
    pub established: &'static str,
    /// Credit for the census figures.
    pub credit: &'static str,
}

/// The words in a language.
#[must_use]
pub const fn texts(language: Language) -> Texts {
    match language {
        Language::Fr => Texts {
            subtitle: "L’API de données ouvertes du réseau",
            start: "Commencer",
            docs: ("Documentation interactive", "Lire chaque opération et l’essayer dans le navigateur."),
            openapi: ("Document OpenAPI", "Engendrer un client typé."),
            index: ("Index de l’API", "Toutes les collections, la licence et la séquence courante."),
            today: "Le réseau aujourd’hui",
            members: "membres",
            undated: "Membres sans date d’adhésion, comptés à part :",
            illustrative: "Dont inventés pour la démonstration :",
            statistics: (
                "Chiffres du réseau",
                "Par type, région et cohorte, à toute date, à côté des chiffres publiés.",
            ),
            list: ("Les membres", "Tous les membres, aujourd’hui ou à une date donnée."),
            table: ("Les membres en CSV", "Un tableau prêt pour un tableur."),
            map: ("Les membres en GeoJSON", "Des points pour une carte."),
            data: "Données",
            network: ("Le réseau", "Présentation, partenaires et composition publiée."),
            charter: ("La charte", "Principes, valeurs, objectifs et les cinq engagements."),
            communes: ("Les communes", "1 503 communes avec leurs codes et leur population."),
            regions: ("Les régions en CSV", "Un tableau prêt pour un tableur."),
            more: "Exploitation",
            problems: "Les refus de l’API expliqués",
            health: "État du serveur",
            established: "Établi le",
            credit: "Chiffres du recensement : Haut-Commissariat au Plan, RGPH 2024 et 2014, CC BY 4.0 ; tableaux réunis, variation calculée.",
        },
        Language::Ar => Texts {
            subtitle: "واجهة البيانات المفتوحة للشبكة",
            start: "من أين تبدأ",
            docs: ("التوثيق التفاعلي", "اقرأ كل عملية وجربها في المتصفح."),
            openapi: ("وثيقة OpenAPI", "لتوليد برنامج عميل مضبوط الأنواع."),
            index: ("فهرس الواجهة", "كل المجموعات والرخصة ورقم آخر تغيير."),
            today: "الشبكة اليوم",
            members: "عضوا",
            undated: "أعضاء دون تاريخ انضمام، محتسبون على حدة:",
            illustrative: "منهم أعضاء للعرض فقط:",
            statistics: ("أرقام الشبكة", "حسب النوع والجهة والفوج، في أي تاريخ، إلى جانب الأرقام المنشورة."),
            list: ("الأعضاء", "كل الأعضاء، اليوم أو في تاريخ معين."),
            table: ("الأعضاء بصيغة CSV", "جدول جاهز لبرامج الجداول."),
            map: ("الأعضاء بصيغة GeoJSON", "نقط لرسم خريطة."),
            data: "البيانات",
            network: ("الشبكة", "التقديم والشركاء والتركيبة المنشورة."),
            charter: ("الميثاق", "المبادئ والقيم والأهداف والالتزامات الخمسة."),
            communes: ("الجماعات", "1503 جماعات برموزها وعدد سكانها."),
            regions: ("الجهات بصيغة CSV", "جدول جاهز لبرامج الجداول."),
            more: "التشغيل",
            problems: "شرح حالات الرفض في الواجهة",
            health: "حالة الخادم",
            established: "أُحدثت في",
            credit: "أرقام الإحصاء: المندوبية السامية للتخطيط، الإحصاء العام للسكان والسكنى 2024 و2014، رخصة CC BY 4.0؛ جُمعت الجداول وحُسبت نسبة التغير.",
        },
        Language::En => Texts {
            subtitle: "The network’s open data API",
            start: "Start here",
            docs: ("Interactive documentation", "Read every operation and try it in the browser."),
            openapi: ("OpenAPI document", "Generate a typed client."),
            index: ("Index of the API", "Every collection, the licence and the current sequence."),
            today: "The network today",
            members: "members",
            undated: "Members without a date of joining, counted apart:",
            illustrative: "Of these, invented for demonstration:",
            statistics: (
                "The network in figures",
                "By kind, region and cohort, on any day, beside the published figures.",
            ),
            list: ("The members", "All members, today or on a day."),
            table: ("The members as CSV", "A table that is ready for a spreadsheet."),
            map: ("The members as GeoJSON", "Points for a map."),
            data: "Data",
            network: ("The network", "Presentation, partners and published composition."),
            charter: ("The charter", "Principles, values, objectives and the five commitments."),
            communes: ("The communes", "1,503 communes with their codes and populations."),
            regions: ("The regions as CSV", "A table that is ready for a spreadsheet."),
            more: "Operation",
            problems: "The API’s refusals explained",
            health: "State of the server",
            established: "Established on",
            credit: "Census figures: Haut-Commissariat au Plan, general census 2024 and 2014, CC BY 4.0; tables joined, change computed.",
        },
    }
}
