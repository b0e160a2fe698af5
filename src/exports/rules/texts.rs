//! What the data sets are called and hold, in Arabic, French and English: one entry each.

use super::Name;
use crate::kernel::language::LanguageMap;

/// A text in Arabic, French and English.
type Text = [&'static str; 3];

/// What is said of a data set.
#[derive(Clone, Copy)]
pub struct Texts {
    title: Text,
    description: Text,
}

impl Texts {
    /// What it is called.
    pub fn title(self) -> LanguageMap {
        map(self.title)
    }

    /// What it holds.
    pub fn description(self) -> LanguageMap {
        map(self.description)
    }
}

fn map([ar, fr, en]: Text) -> LanguageMap {
    LanguageMap { ar: Some(ar.to_owned()), fr: Some(fr.to_owned()), en: Some(en.to_owned()) }
}

/// What is said of a data set; a test sees to it that something is.
pub fn of(name: Name) -> Texts {
    let found = ALL.iter().find(|(known, _)| *known == name);
    found.map_or(Texts { title: [""; 3], description: [""; 3] }, |(_, texts)| *texts)
}

const ALL: &[(Name, Texts)] = &[
    (
        Name::Members,
        Texts {
            title: ["أعضاء الشبكة", "Membres du réseau", "Members of the network"],
            description: [
                "المجالس والمؤسسات الأعضاء في الشبكة المغربية للجماعات الترابية المنفتحة، مع وضعيتها وتواريخ انضمامها ومصدر المعلومة",
                "Les conseils et institutions membres du Réseau Marocain des Collectivités Territoriales Ouvertes, avec leur statut, leurs dates et la source",
                "The councils and institutions that belong to the Moroccan Network of Open Local Governments, with their standing, dates and source",
            ],
        },
    ),
    (
        Name::Territories,
        Texts {
            title: ["الوحدات الترابية للمغرب", "Unités territoriales du Maroc", "Morocco's territorial units"],
            description: [
                "الجهات والعمالات والأقاليم والجماعات والمقاطعات برموز المندوبية السامية للتخطيط وأرقام إحصاءي 2014 و2024",
                "Régions, préfectures, provinces, communes et arrondissements, avec les codes du Haut-Commissariat au Plan et les chiffres des recensements de 2014 et 2024",
                "Regions, prefectures, provinces, communes and arrondissements with the codes of the Haut-Commissariat au Plan and the figures of the censuses of 2014 and 2024",
            ],
        },
    ),
    (
        Name::Charter,
        Texts {
            title: ["ميثاق الشبكة", "Charte du réseau", "Charter of the network"],
            description: [
                "مبادئ الميثاق وقيمه وأهدافه والتزاماته الخمسة، بصياغتنا ما لم يُذكر أنها رسمية",
                "Principes, valeurs, objectifs et les cinq engagements de la charte, dans nos mots sauf mention contraire",
                "Principles, values, objectives and the five commitments of the charter, in our words unless stated otherwise",
            ],
        },
    ),
    (
        Name::ActionPrograms,
        Texts {
            title: ["برامج عمل الانفتاح", "Programmes d'action d'ouverture", "Open action programmes"],
            description: [
                "البرامج المنشورة للأعضاء: المراحل والتواريخ والمحاور والوثائق، مع مصدر المعلومة",
                "Les programmes publiés des membres : étapes, dates, axes et documents, avec la source",
                "The published programmes of the members: stages, dates, axes and documents, with the source",
            ],
        },
    ),
    (
        Name::Projects,
        Texts {
            title: ["مشاريع البرامج", "Projets des programmes", "Projects of the programmes"],
            description: [
                "مشاريع البرامج المنشورة: الإشكال والحل والنتائج المنتظرة والميزانية والآجال",
                "Les projets des programmes publiés : problème, solution, résultats attendus, budget et dates",
                "The projects of the published programmes: problem, solution, expected results, budget and dates",
            ],
        },
    ),
    (
        Name::Milestones,
        Texts {
            title: ["مراحل المشاريع", "Jalons des projets", "Milestones of the projects"],
            description: [
                "مراحل مشاريع البرامج المنشورة بتواريخ استحقاقها وإنجازها وما يثبته",
                "Les jalons des projets des programmes publiés, avec échéance, réalisation et preuve",
                "The milestones of the projects of the published programmes, with due date, completion and evidence",
            ],
        },
    ),
    (
        Name::Consultations,
        Texts {
            title: ["استشارات العموم", "Consultations du public", "Consultations of the public"],
            description: [
                "جولات الاستشارة حول البرامج المنشورة: الكيفية والتواريخ والمشاركون حسب الجنس والفئة العمرية والجمعيات والتقرير",
                "Les consultations sur les programmes publiés : forme, dates, participants par sexe, âge et association, compte rendu",
                "The consultations on the published programmes: how, when, participants by sex, age and association, report",
            ],
        },
    ),
    (
        Name::Contributions,
        Texts {
            title: ["مساهمات العموم", "Contributions du public", "Contributions of the public"],
            description: [
                "المساهمات المنشورة في الاستشارات مع القرار المعلل والمشروع الذي آلت إليه، دون هوية أصحابها",
                "Les contributions publiées, avec la décision motivée et le projet qu'elles sont devenues, sans l'identité de leurs auteurs",
                "The published contributions with the reasoned decision and the project that they became, without who sent them",
            ],
        },
    ),
    (
        Name::Evaluations,
        Texts {
            title: ["تقييمات البرامج", "Évaluations des programmes", "Evaluations of the programmes"],
            description: [
                "ما يقوله العضو والمجتمع المدني وكتابة الشبكة عن البرامج المنشورة: الإنجاز والانفتاح والأجوبة وما يثبتها",
                "Ce que le membre, la société civile et le secrétariat disent des programmes publiés : réalisation, ouverture, réponses et preuves",
                "What the member, civil society and the secretariat say of the published programmes: completion, openness, answers and evidence",
            ],
        },
    ),
    (
        Name::Practices,
        Texts {
            title: ["تجارب الأعضاء", "Pratiques des membres", "Practices of the members"],
            description: [
                "ما جربه الأعضاء ويحكونه لغيرهم: القصة والمبادئ والمكان والوثائق، مع مصدر المعلومة",
                "Ce que les membres ont essayé et racontent aux autres : récit, principes, territoire et documents, avec la source",
                "What members have tried and tell others: story, principles, territory and documents, with the source",
            ],
        },
    ),
    (
        Name::Collaborations,
        Texts {
            title: ["أشكال التعاون بين الأعضاء", "Collaborations des membres", "Collaborations of the members"],
            description: [
                "ما يقوم به الأعضاء معا: النوع والغاية والمشاركون والتواريخ والاتفاقية، مع مصدر المعلومة",
                "Ce que les membres font ensemble : forme, but, participants, dates et convention, avec la source",
                "What members do together: kind, purpose, who takes part, dates and agreement, with the source",
            ],
        },
    ),
    (
        Name::Events,
        Texts {
            title: ["التظاهرات", "Événements", "Events"],
            description: [
                "التظاهرات الوطنية والقارية والدولية: المكان والتواريخ والأعضاء المشاركون، مع مصدر المعلومة",
                "Événements nationaux, continentaux et internationaux : lieu, dates et membres participants, avec la source",
                "National, continental and international events: place, dates and members taking part, with the source",
            ],
        },
    ),
    (
        Name::Assessments,
        Texts {
            title: [
                "تقييم التزامات الميثاق",
                "Évaluations des engagements de la charte",
                "Assessments of the charter's commitments",
            ],
            description: [
                "كيف يحترم كل عضو التزامات الميثاق كل سنة على سلم واحد من 0 إلى 4، حسب العضو والمجتمع المدني وكتابة الشبكة، مع التعليل وما يثبته",
                "Comment chaque membre tient les engagements de la charte, par an, sur une échelle de 0 à 4, selon le membre, la société civile et le secrétariat, avec explication et preuves",
                "How each member keeps the charter's commitments, by year, on one scale from 0 to 4, as the member, civil society and the secretariat find it, with explanation and evidence",
            ],
        },
    ),
    (
        Name::Indicators,
        Texts {
            title: ["المؤشرات", "Indicateurs", "Indicators"],
            description: [
                "ما يُقاس لدى الشبكة وفي البرامج والمشاريع والتزامات الميثاق: التعريف والوحدة والوضعية المرجعية والأهداف",
                "Ce qui est mesuré dans le réseau, les programmes, les projets et les engagements de la charte : définition, unité, situation de référence et cibles",
                "What is measured of the network, the programmes, the projects and the commitments of the charter: definition, unit, baseline and targets",
            ],
        },
    ),
    (
        Name::Measurements,
        Texts {
            title: ["قيم المؤشرات", "Mesures des indicateurs", "Measurements of the indicators"],
            description: [
                "قيم المؤشرات حسب الفترات كما صودق عليها، مع توزيعها وما يثبتها وعدد مرات تصحيحها",
                "Les valeurs des indicateurs par période, telles qu'elles ont été approuvées, avec ventilation, preuves et nombre de corrections",
                "The values of the indicators by period, as they were approved, with disaggregation, evidence and how often they were corrected",
            ],
        },
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_data_set_is_called_something_and_holds_something_in_three_languages() {
        assert_eq!(ALL.iter().map(|(name, _)| *name).collect::<Vec<_>>(), Name::ALL);
        for (_, Texts { title, description }) in ALL {
            assert!(title.iter().chain(description).all(|text| !text.is_empty()));
        }
    }
}
