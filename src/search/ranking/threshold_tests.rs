//! A rerank score of one half separates passages that answer a question from unrelated ones. How good the order is, is
//! tested from outside, with more passages.

use super::documents_for_tests::document_of;
use super::*;

/// File name and text of each passage: prose, tables, code.
const PASSAGES: &[(&str, &str)] = &[
    (
        "lisbon-guide.md",
        "# Trams\nThe yellow trams of line 28 climb from Martim Moniz to Campo de Ourique. A single ticket bought on \
         board costs 3 euros; the day pass is sold in stations only.",
    ),
    (
        "lisbon-guide.md",
        "# Population\nAbout 545,000 people live within the city limits of Lisbon, and 2.9 million in its metropolitan \
         area. The city was rebuilt on a grid after the earthquake of 1755.",
    ),
    (
        "porto-guide.md",
        "# Port wine\nThe lodges of Vila Nova de Gaia store port in oak barrels. Tours end with a tasting of two \
         glasses and cost between 12 and 25 euros.",
    ),
    (
        "porto-guide.md",
        "# Bridges\nThe Dom Luís I bridge, opened in 1886, has two decks: the metro crosses on the upper one, \
         cars and pedestrians on the lower one.",
    ),
    (
        "handbook.txt",
        "Employees accrue 25 days of annual leave a year. Unused days expire on the last day of March of the following \
         year. Requests go to the line manager at least two weeks before.",
    ),
    (
        "handbook.txt",
        "Expenses are reimbursed within 30 days when the original receipt is attached. Meals are covered up to 40 \
         euros a day; alcohol is never reimbursed.",
    ),
    (
        "handbook.txt",
        "Laptops are replaced every three years. A stolen device must be reported to the security team within 24 \
         hours, so that it can be locked remotely.",
    ),
    (
        "paper.txt",
        "In this work we employ h = 8 parallel attention layers, or heads. For each of these we use keys and values of \
         dimension 64. Due to the reduced dimension of each head, the total computational cost is similar to that of \
         single-head attention with full dimensionality.",
    ),
    (
        "paper.txt",
        "On the WMT 2014 English-to-German translation task, the big transformer model outperforms the best previously \
         reported models, establishing a new state-of-the-art BLEU score of 28.4. Training took 3.5 days on 8 P100 \
         GPUs.",
    ),
    (
        "paper.txt",
        "During training, we employed label smoothing of value 0.1. This hurts perplexity, as the model learns to be \
         more unsure, but improves accuracy and BLEU score.",
    ),
    (
        "paper.txt",
        "Since our model contains no recurrence and no convolution, positional encodings are added to the input \
         embeddings, so that it can make use of the order of the sequence.",
    ),
    (
        "lease.txt",
        "The tenant pays a deposit of two monthly rents. It is returned within 60 days of the end of the contract, \
         less the cost of repairs beyond normal wear.",
    ),
    (
        "lease.txt",
        "Pets are allowed with the written consent of the landlord. Noise after 22:00 is to be avoided. Subletting the \
         whole flat is prohibited.",
    ),
    (
        "recipes.md",
        "## Lentil soup\nFry onions and carrots in oil, add 300 g of red lentils, cumin and a litre of stock, and \
         simmer for 25 minutes. Blend half of it and season with lemon.",
    ),
    (
        "recipes.md",
        "## Flat bread\nKnead flour, water, yeast and salt, let the dough rise for an hour, roll it thin and bake it \
         in a dry pan for two minutes a side.",
    ),
    (
        "health.txt",
        "Adults need seven to nine hours of sleep. Screens before bedtime delay the release of melatonin, and caffeine \
         stays in the blood for six hours.",
    ),
    (
        "health.txt",
        "Measles spreads through the air and is among the most contagious diseases. Two doses of vaccine protect 97 of \
         100 people for life.",
    ),
    (
        "sales.csv",
        "region,quarter,revenue,units\nNorth,Q1,120400,310\nNorth,Q2,98200,255\nSouth,Q1,87300,240\n\
         South,Q2,134900,402",
    ),
    (
        "planets.csv",
        "planet,diameter_km,moons,day_hours\nMercury,4879,0,4222.6\nMars,6792,2,24.7\nJupiter,142984,95,9.9\n\
         Saturn,120536,146,10.7",
    ),
    (
        "tariffs.md",
        "| plan | monthly fee | storage | support |\n|---|---|---|---|\n| Basic | 9 EUR | 10 GB | email |\n| Team | 29 \
         EUR | 200 GB | phone, 9 to 17 |\n| Enterprise | on request | unlimited | 24 hours |",
    ),
    (
        "retry.py",
        "def fetch_with_retry(url, max_attempts=5, base_delay=0.5):\n    for attempt in \
         range(max_attempts):\n        try:\n            return session.get(url, timeout=10)\n        except \
         ConnectionError:\n            time.sleep(base_delay * 2 ** attempt)\n    raise RetriesExhausted(url)",
    ),
    (
        "cache.rs",
        "/// Evicts the least recently used entry when the cache is full.\nfn insert(&mut self, key: String, value: \
         Bytes) {\n    if self.entries.len() == self.capacity {\n        let oldest = \
         self.order.pop_front();\n        self.entries.remove(&oldest);\n    }\n    self.entries.insert(key, \
         value);\n}",
    ),
    (
        "parseConfig.ts",
        "export function parseConfig(path: string): Config {\n  const raw = readFileSync(path, 'utf8');\n  const \
         parsed = JSON.parse(raw);\n  if (!parsed.apiKey) throw new MissingApiKeyError(path);\n  return { ...DEFAULTS, \
         ...parsed };\n}",
    ),
    (
        "schema.sql",
        "CREATE TABLE orders (\n  id BIGINT PRIMARY KEY,\n  customer_id BIGINT NOT NULL REFERENCES \
         customers(id),\n  placed_at TIMESTAMPTZ NOT NULL DEFAULT now(),\n  total_cents INTEGER CHECK (total_cents >= \
         0)\n);",
    ),
    (
        "release.md",
        "# 2.4.0\n- The client honours the Retry-After header.\n- Uploads larger than 5 MB are sent in parts.\n- \
         Support for Python 3.8 was dropped.",
    ),
    (
        "security.md",
        "# Reporting a vulnerability\nWrite to security@example.com and encrypt the message with our key. We answer \
         within three working days and publish an advisory once a fix is released.",
    ),
];

/// Questions in the words of the passage with that place.
const SAME_WORDS: &[(&str, usize)] = &[
    ("How much does a single tram ticket bought on board cost?", 0),
    ("How many people live in Lisbon?", 1),
    ("Where is port stored in oak barrels?", 2),
    ("When was the Dom Luis bridge opened?", 3),
    ("How many days of annual leave do employees accrue?", 4),
    ("Is alcohol reimbursed as an expense?", 5),
    ("What must I do when a device is stolen?", 6),
    ("How many parallel attention heads are employed?", 7),
    ("What BLEU score does the big transformer reach on English-to-German?", 8),
    ("What value of label smoothing was employed during training?", 9),
    ("Why are positional encodings added to the embeddings?", 10),
    ("When is the deposit of the tenant returned?", 11),
    ("Are pets allowed?", 12),
    ("How long do red lentils simmer?", 13),
    ("How long does the dough rise?", 14),
    ("How many hours of sleep do adults need?", 15),
    ("How many doses of vaccine protect against measles?", 16),
    ("revenue of region South in Q2", 17),
    ("How many moons does Jupiter have?", 18),
    ("What is the monthly fee of the Team plan?", 19),
    ("max_attempts of fetch_with_retry", 20),
    ("Which entry does the cache evict when it is full?", 21),
    ("MissingApiKeyError in parseConfig", 22),
    ("Which table references customers?", 23),
    ("Which release dropped support for Python 3.8?", 24),
    ("How do I report a vulnerability?", 25),
];

/// Questions in other words, other forms of words, or misspelled words.
const OTHER_WORDS: &[&str] = &[
    "What is the price of a streetcar ride on line 28?",
    "How big is the number of inhabitants of the portuguese capital Lisbon?",
    "wine tastng in the lodges",
    "Which bridge do automobiles use below the metro?",
    "How much vacation do staff get annually?",
    "Do I get my money back for food when travelling?",
    "computer theft notify within how many hours",
    "number of atention heads",
    "quality of German translations of the largest network",
    "regularisation by smoothed labels",
    "How does the network know the word order without reccurence?",
    "When do I get my security deposit back after moving out of the flat?",
    "May I keep a dog if the owner permits pets?",
    "recipe for lentills",
    "How do I make bread in a frying pan?",
    "Does coffee or caffeine before bed harm sleeping?",
    "infectious illness vaccination",
    "turnover of the northern region in the first quarter",
    "Which planet is the largest in kilometers of diameter?",
    "cheapest subscription plan with telephone support",
    "How is an HTTP request repeated with exponential delays?",
    "removing old items from a full cache",
    "config file without an API key",
    "When was an order placed and by which client?",
    "largest upload before it is split in parts",
    "contact for reporting security bugs",
];

/// Questions that no passage answers.
const UNRELATED: &[&str] = &[
    "Who painted the ceiling of the Sistine Chapel?",
    "How do I train a puppy to sit?",
    "What is the capital of Mongolia?",
    "symptoms of appendicitis in teenagers",
    "Which stadium hosted the 1998 football final?",
    "How do volcanoes form under the ocean?",
    "What is the boiling point of ethanol?",
    "biography of Marie Curie",
    "When does the museum of modern art close on Sundays?",
    "How can I tune the strings of a violin?",
];

fn documents() -> Vec<SearchableDocument> {
    PASSAGES.iter().map(|(_, text)| document_of(&[text])).collect()
}

fn hits(documents: &[SearchableDocument], question: &str) -> Vec<RankHit> {
    let selected: Vec<_> = documents.iter().zip(PASSAGES).map(|(document, (name, _))| (document, *name)).collect();
    let query = RankQuery {
        text: question,
        candidates: 20,
        vector_weight: 0.5,
        full_text_weight: 0.5,
        rerank: true,
        limit: usize::MAX,
    };
    rank(&selected, &query).hits
}

#[test]
fn answers_pass_a_threshold_of_one_half_and_unrelated_passages_do_not() {
    let documents = documents();
    let best = |question: &str| hits(&documents, question)[0].rerank_score.expect("reranking is on");
    for (question, answer) in SAME_WORDS {
        let first = hits(&documents, question)[0];
        assert!(first.document == *answer && first.rerank_score >= Some(0.5), "{question}: {first:?}");
    }
    let in_other_words = OTHER_WORDS.iter().filter(|question| best(question) >= 0.5).count();
    // The ranking knows no synonyms: these pass by the words that they do share, and by similar spelling.
    assert!(in_other_words >= 17, "{in_other_words} of {}", OTHER_WORDS.len());
    for question in UNRELATED {
        assert!(best(question) < 0.5, "{question}: {}", best(question));
    }
}

#[test]
fn a_question_about_nothing_in_particular_passes_with_its_known_words() {
    let documents = documents();
    let question = "What information is available for retrieval?";
    assert!(hits(&documents, question).iter().all(|hit| hit.rerank_score == Some(0.5)), "neutral");
    let text = "This catalogue gives information on the fossils of the region.";
    let with_answer = document_of(&[text]);
    let selected: Vec<_> = documents.iter().chain([&with_answer]).map(|document| (document, "a.txt")).collect();
    let query = RankQuery {
        text: question,
        candidates: 5,
        vector_weight: 0.5,
        full_text_weight: 0.5,
        rerank: true,
        limit: usize::MAX,
    };
    let first = rank(&selected, &query).hits[0];
    assert_eq!(first.document, documents.len());
    assert!(first.rerank_score > Some(0.5));
}
