//! `retrieval.retrieve`: how many results, which ones, and what each says.

use serde_json::{Value, json};

use crate::support::office::xlsx;
use crate::support::{Client, FIND, READ, RETRIEVE, Upload, id_of, items, reading_server, server, text_of};
use llamacloud_mock::embedded::MockServer;

/// A server with an index over files of one chunk each, and its id.
#[track_caller]
fn library(settings: &[(&str, &str)], files: usize) -> (MockServer, Client, String) {
    let server = server(&[&[("sync-duration", "0")], settings].concat());
    let client = Client::of(&server);
    let directory = client.directory("d");
    for at in 0..files {
        client.upload(&directory, &format!("{at:03}.txt"), format!("The number {at} likes apples"));
    }
    let index = client.index_over(&directory);
    (server, client, index)
}

/// The results of a request with these fields beside the query.
#[track_caller]
fn results(client: &Client, index: &str, fields: &Value) -> Vec<Value> {
    let mut body = json!({ "query": "apples" });
    body.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
    client.ask(RETRIEVE, index, body)["results"].as_array().expect("a list").clone()
}

#[test]
fn the_number_of_results_is_ten_unless_top_k_says_otherwise() {
    let (_server, client, index) = library(&[], 30);
    for (fields, expected) in [
        (json!({}), 10),
        (json!({ "top_k": null }), 10),
        (json!({ "top_k": 3 }), 3),
        (json!({ "top_k": "4" }), 4),
        (json!({ "top_k": 1000 }), 30),
        (json!({ "top_k": 99_999_999_999_999_999_999u128 }), 30),
        (json!({ "top_k": 0 }), 0),
        (json!({ "top_k": -1 }), 0),
        (json!({ "top_k": 20, "rerank": { "top_n": 5 } }), 5),
        (json!({ "top_k": 4, "rerank": { "top_n": 50 } }), 4),
        (json!({ "rerank": { "top_n": 0 } }), 0),
        (json!({ "rerank": { "top_n": null } }), 10),
        (json!({ "rerank": { "enabled": false, "top_n": 2 } }), 10),
        (json!({ "rerank": {} }), 10),
        (json!({ "num_candidates": 2, "vector_pipeline_weight": 0 }), 2),
        (json!({ "vector_pipeline_weight": 0, "full_text_pipeline_weight": 0 }), 0),
    ] {
        assert_eq!(results(&client, &index, &fields).len(), expected, "{fields}");
    }
    for refused in [json!({ "top_k": 1.5 }), json!({ "rerank": null }), json!({ "rerank": { "enabled": null } })] {
        let mut body = json!({ "index_id": index, "query": "apples" });
        body.as_object_mut().expect("an object").extend(refused.as_object().expect("an object").clone());
        assert_eq!(client.post(RETRIEVE, &body).status, 422, "{refused}");
    }
}

#[test]
fn at_most_five_hundred_results_are_returned() {
    let server = server(&[("sync-duration", "0")]);
    let client = Client::of(&server);
    let directory = client.directory("d");
    // A form feed begins a page, and no chunk goes on to another page.
    let text: String = (0..700).map(|at| format!("Apples of year {at}.\u{c}")).collect::<Vec<_>>().concat();
    client.upload(&directory, "a.txt", text);
    let index = client.index_over(&directory);
    assert!(client.state()["directory_files"][0]["kept"]["chunks"].as_u64().is_some_and(|chunks| chunks >= 600));
    assert_eq!(results(&client, &index, &json!({ "top_k": 500 })).len(), 500);
    assert_eq!(results(&client, &index, &json!({ "top_k": 501 })).len(), 500);
}

#[test]
fn results_are_ordered_by_the_score_that_decides_and_rerank_off_has_none() {
    let (_server, client, index) = library(&[], 12);
    let number = |result: &Value, field: &str| result[field].as_f64().unwrap_or_else(|| panic!("{field} of {result}"));
    let reranked = results(&client, &index, &json!({ "query": "number 7 apples" }));
    assert_eq!(text_of(&reranked[0], "content"), "The number 7 likes apples");
    assert!(reranked.is_sorted_by(|one, other| number(one, "rerank_score") >= number(other, "rerank_score")));
    for result in &reranked {
        assert!((0.0..=1.0).contains(&number(result, "rerank_score")), "{result}");
        assert!((0.0..=1.0 / 61.0).contains(&number(result, "score")), "{result}");
    }
    let plain = results(&client, &index, &json!({ "query": "number 7 apples", "rerank": { "enabled": false } }));
    assert!(plain.iter().all(|result| result["rerank_score"].is_null()));
    assert!(plain.is_sorted_by(|one, other| number(one, "score") >= number(other, "score")));
}

#[test]
fn a_threshold_is_compared_with_the_rerank_score_or_the_score() {
    let by_rerank = library(&[], 5);
    let by_score = library(&[("score-threshold-on", "score")], 5);
    let threshold = json!({ "query": "the number 3 likes apples", "score_threshold": 0.5 });
    assert!(!results(&by_rerank.1, &by_rerank.2, &threshold).is_empty());
    assert_eq!(results(&by_score.1, &by_score.2, &threshold), Vec::<Value>::new());
    for (_, client, index) in [&by_rerank, &by_score] {
        let off = json!({ "score_threshold": 0.5, "rerank": { "enabled": false } });
        assert_eq!(results(client, index, &off), Vec::<Value>::new());
        for (threshold, expected) in
            [(json!(0), 5), (json!(-1), 5), (json!(null), 5), (json!(1.01), 0), (json!("0.0"), 5)]
        {
            let found = results(client, index, &json!({ "score_threshold": threshold }));
            assert_eq!(found.len(), expected, "{threshold}");
        }
    }
    let (_, client, index) = &by_rerank;
    let all = results(client, index, &json!({}));
    let last = all[3]["rerank_score"].clone();
    let reaching = results(client, index, &json!({ "score_threshold": last }));
    let expected = all.iter().filter(|result| result["rerank_score"].as_f64() >= last.as_f64()).count();
    assert_eq!(reaching.len(), expected, "a score equal to the threshold reaches it");
}

#[test]
fn filters_select_files_before_results_are_counted() {
    let server = server(&[("sync-duration", "0")]);
    let client = Client::of(&server);
    let directory = client.directory("d");
    for at in 0..20 {
        let metadata = json!({ "year": 2000 + at, "tags": [format!("t{}", at % 2)], "even": at % 2 == 0 }).to_string();
        Upload::file("upload_file", &format!("{at:02}.txt"), format!("apples {at}"))
            .text("metadata", &metadata)
            .send(&client, &format!("/api/v1/beta/directories/{directory}/files/upload"));
    }
    client.upload(&directory, "none.txt", "apples without metadata");
    let index = client.index_over(&directory);
    let count = |custom: Value| results(&client, &index, &json!({ "top_k": 100, "custom_filters": custom })).len();
    for (filters, expected) in [
        (json!({}), 21),
        (json!(null), 21),
        (json!({ "year": null }), 21),
        (json!({ "year": { "operator": "eq", "value": 2003 } }), 1),
        (json!({ "year": { "operator": "gte", "value": 2015 } }), 5),
        (json!({ "year": [{ "operator": "gte", "value": 2005 }, { "operator": "lt", "value": 2008 }] }), 3),
        (json!({ "year": { "operator": "in", "value": [2001, 2002, 1] } }), 2),
        (json!({ "tags": { "operator": "eq", "value": "t1" } }), 10),
        (json!({ "even": { "operator": "ne", "value": true } }), 11),
        (json!({ "even": { "operator": "eq", "value": true }, "year": { "operator": "lt", "value": 2004 } }), 2),
        (json!({ "missing": { "operator": "eq", "value": 1 } }), 0),
    ] {
        assert_eq!(count(filters.clone()), expected, "{filters}");
    }
    let found = client.ask(FIND, &index, json!({ "page_size": 1000 }));
    let ids = items(&found, "file_id");
    let filtered = |filter: Value| {
        let fields = json!({ "top_k": 100, "static_filters": { "parsed_directory_file_id": filter } });
        results(&client, &index, &fields).len()
    };
    assert_eq!(filtered(json!({ "operator": "eq", "value": ids[0] })), 1);
    assert_eq!(filtered(json!({ "operator": "in", "value": [ids[0], ids[3], "dfl-none"] })), 2);
    assert_eq!(filtered(json!({ "operator": "ne", "value": ids[0] })), 20);
    assert_eq!(filtered(json!({ "operator": "nin", "value": [ids[0], ids[3]] })), 19);
    let one = json!({ "top_k": 1, "custom_filters": { "year": { "operator": "eq", "value": 2019 } } });
    assert_eq!(text_of(&results(&client, &index, &one)[0], "content"), "apples 19");
    let unknown = json!({ "static_filters": { "other": { "operator": "eq", "value": 1 } } });
    assert_eq!(results(&client, &index, &unknown).len(), 10, "unknown static keys are ignored");
    for refused in [json!({ "year": { "operator": "is", "value": 1 } }), json!({ "year": 1 }), json!([])] {
        let body = json!({ "index_id": index, "query": "apples", "custom_filters": refused });
        assert_eq!(client.post(RETRIEVE, &body).status, 422, "{refused}");
    }
}

#[test]
fn a_result_describes_its_place_in_the_text_that_read_returns() {
    let server = server(&[("sync-duration", "0")]);
    let client = Client::of(&server);
    let directory = client.directory("d");
    let text: String = (0..60)
        .map(|at| format!("## Part {at} 😀\n\nApples ä{at} are {}\n\n", "good ".repeat(at)))
        .collect::<Vec<_>>()
        .concat();
    client.upload(&directory, "a.md", text);
    let index = client.index_over(&directory);
    let file = client.found_id(&index, "a.md");
    let whole: Vec<char> = client.text_in(&index, &file).chars().collect();
    let results = results(&client, &index, &json!({ "top_k": 500 }));
    let mut numbers = Vec::new();
    for result in &results {
        let fields = &result["static_fields"];
        let number = |field: &str| usize::try_from(fields[field].as_u64().expect("a number")).expect("a small number");
        let (start, end) = (number("chunk_start_char"), number("chunk_end_char"));
        let content = text_of(result, "content");
        assert_eq!(content, whole[start..end].iter().collect::<String>(), "{fields}");
        let read = json!({ "file_id": file, "offset": start, "max_length": end - start });
        assert_eq!(text_of(&client.ask(READ, &index, read), "content"), content);
        assert_eq!(fields["parsed_directory_file_id"], json!(file));
        assert_eq!(fields["attachments"], json!([]));
        assert!(number("page_range_start") >= 1 && number("page_range_end") >= number("page_range_start"));
        assert!(number("chunk_token_count") >= 1);
        numbers.push(number("chunk_index"));
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (0..results.len()).collect::<Vec<_>>(), "every chunk once");
}

#[test]
fn a_query_without_words_and_a_very_long_one_are_answered() {
    let (_server, client, index) = library(&[], 3);
    for query in ["", " ", "\u{0}", "😀", &"apples ".repeat(50_000), &"x".repeat(100_000), "the of and", "a\u{301}"] {
        let body = json!({ "query": query });
        let found = client.ask(RETRIEVE, &index, body);
        assert!(found["results"].as_array().is_some_and(|results| results.len() <= 3));
    }
    let other = client.directory("empty");
    let empty = client.index_over(&other);
    assert_eq!(results(&client, &empty, &json!({})), Vec::<Value>::new());
    let response = client.post(RETRIEVE, &json!({ "index_id": id_of(&client.create(&other)) }));
    assert_eq!(response.status, 422, "the query is missing");
}

#[test]
fn the_journal_says_how_many_chunks_each_step_of_a_search_removed() {
    let (_server, client, index) = library(&[], 30);
    let only = |operator: &str| {
        let first = client.ask(FIND, &index, json!({}))["items"][0]["file_id"].clone();
        json!({ "parsed_directory_file_id": { "operator": operator, "value": first } })
    };
    // Removed by the filter, not among the candidates, by the threshold, by top_k.
    for (fields, removed) in [
        (json!({}), [0, 0, 0, 20]),
        (json!({ "top_k": 40 }), [0, 0, 0, 0]),
        (json!({ "top_k": 0 }), [0, 0, 0, 30]),
        (json!({ "static_filters": only("eq") }), [29, 0, 0, 0]),
        (json!({ "static_filters": only("ne"), "top_k": 5 }), [1, 0, 0, 24]),
        (json!({ "num_candidates": 8, "vector_pipeline_weight": 0, "top_k": 6 }), [0, 22, 0, 2]),
        (json!({ "query": "number 7 apples", "score_threshold": 0.99 }), [0, 0, 29, 0]),
        (json!({ "query": "number 7 apples", "score_threshold": 0.01, "top_k": 3 }), [0, 0, 0, 27]),
    ] {
        let results = results(&client, &index, &fields).len();
        let journal = client.journal();
        let shown = &journal.last().expect("the request is recorded")["retrieval"];
        let [filter, candidates, threshold, top_k] = removed;
        let removed = json!({ "filter": filter, "candidates": candidates, "threshold": threshold, "top_k": top_k });
        assert_eq!(*shown, json!({ "chunks": 30, "removed": removed }), "{fields}");
        assert_eq!(filter + candidates + threshold + top_k + results, 30, "{fields}");
    }
    let pending = client.create(&client.directory("empty"))["id"].clone();
    client.post(RETRIEVE, &json!({ "index_id": pending, "query": "apples" }));
    let journal = client.journal();
    let last = journal.last().expect("the request is recorded");
    assert_eq!(last["retrieval"]["chunks"], 0, "{last}");
    assert_eq!(journal.iter().filter(|entry| entry.get("retrieval").is_some()).count(), 9, "only searches have it");
}

#[test]
fn each_chunk_of_a_table_begins_with_its_header() {
    let server = reading_server(&[]);
    let client = Client::of(&server);
    let rows = |form: &str| (0..600).map(|number| form.replace('0', &number.to_string())).collect::<String>();
    let sheet = xlsx(&[("Cities", &rows("<row><c><v>0</v></c><c t='str'><v>city 0</v></c></row>"))]);
    for (name, header, content) in [
        ("a.csv", "id,place", format!("id,place\n{}", rows("0,city 0\n")).into_bytes()),
        ("a.md", "| id | b |\n|---|---|", format!("| id | b |\n|---|---|\n{}", rows("| 0 | city 0 |\n")).into()),
        ("a.html", "id\tb", format!("<table><tr><th>id<th>b{}", rows("<tr><td>0<td>city 0")).into()),
        ("a.xlsx", "| 0 | city 0 |\n|---|---|", sheet),
    ] {
        let directory = client.directory("table");
        client.upload(&directory, name, content);
        let index = client.index_over(&directory);
        let found = client.ask(RETRIEVE, &index, json!({ "query": "column of id", "top_k": 500 }));
        let found = found["results"].as_array().expect("a list of results");
        assert!(found.len() > 5, "{name}");
        let file = client.found_id(&index, name);
        for result in found {
            let content = text_of(result, "content");
            // The first chunk has the title too.
            let table = content.trim_start_matches("# Cities\n\n");
            let rows = table.strip_prefix(header).unwrap_or_else(|| panic!("{name}: {content}"));
            assert!(rows.lines().filter(|line| line.contains("city")).count() > 5, "{name}: {content}");
            // The place is that of the rows.
            let place = &result["static_fields"];
            let (start, end) = (&place["chunk_start_char"], &place["chunk_end_char"]);
            let length = end.as_u64().expect("a number") - start.as_u64().expect("a number");
            let read = client.ask(READ, &index, json!({ "file_id": file, "offset": start, "max_length": length }));
            assert!(content.ends_with(&text_of(&read, "content")), "{name}: {content}");
        }
    }
}
