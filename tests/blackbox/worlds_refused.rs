//! What cannot be loaded as written is refused at the start, with its file, its place and the nearest valid word.

use std::fs;

use temp_dir::TempDir;

use crate::support::run;

/// Starts the program with these worlds, which are written to a folder with a document beside it; its error. The
/// program must refuse to start.
#[track_caller]
fn refusal(worlds: &[(&str, &str)], flags: &[&str]) -> String {
    let folder = TempDir::new().expect("a temporary folder");
    let own = folder.path().join("worlds");
    fs::create_dir(&own).expect("a folder");
    fs::write(folder.path().join("secret.txt"), "secret").expect("it can be written");
    fs::write(own.join("leave.md"), "# Leave").expect("it can be written");
    std::os::unix::fs::symlink("../secret.txt", own.join("link.txt")).expect("it can be linked");
    std::os::unix::fs::symlink("..", own.join("above")).expect("it can be linked");
    let mut args = vec!["--port".to_owned(), "0".to_owned()];
    for (name, text) in worlds {
        let path = own.join(name);
        fs::write(&path, text).expect("it can be written");
        args.extend(["--world".to_owned(), path.to_str().expect("a UTF-8 path").to_owned()]);
    }
    let args: Vec<&str> = args.iter().map(String::as_str).chain(flags.iter().copied()).collect();
    let ended = run(&args, &[]);
    let error = String::from_utf8_lossy(&ended.stderr).replace(&format!("{}/", own.display()), "");
    assert_eq!((ended.status.code(), ended.stdout.len()), (Some(64), 0), "{worlds:?}: {error}");
    error
}

#[test]
fn an_error_has_the_file_the_place_and_the_nearest_word() {
    for (world, expected) in [
        ("[[directores]]\nid = 'a'", "directores: is not a key; did you mean directories?"),
        ("[[directories]]\nid = 'a'\nnaem = 'b'", "directories[0].naem: is not a key; did you mean name?"),
        (
            "[[indexes]]\nsource_directory = 'a'",
            "indexes[0].source_directory: is not a key; did you mean source_directory_id?",
        ),
        ("[[directories]]\nfiles = [{ pth = 'a' }]", "directories[0].files[0].pth: is not a key; did you mean path?"),
        ("[[indexes]]\nid = 'a'", "indexes[0].source_directory_id: Field required"),
        (
            "[[indexes]]\nsource_directory_id = 'a'\nstatus = 'redy'",
            "indexes[0].status: Input should be 'ready', 'failed' or 'pending'; did you mean ready?",
        ),
        ("[[indexes]]\nsource_directory_id = 'a'\noptions = { sync_frequency = 'dayly' }", "did you mean daily?"),
        ("[[directories]]\nid = 5", "directories[0].id: Input should be a valid string"),
        ("[[directories]]\nid = ''", "directories[0].id: String should have at least 1 character"),
        ("[[directories]]\nid = 'a/b'", "directories[0].id: a/b: no request can name it"),
        ("[[files]]\nid = 'a'\nname = 'a'\ntext = 'a'", "files[0].id: Input should be a valid UUID"),
        ("[[sessions]]\nindex_ids = ['idx-a']", "sessions[0].index_ids: no index has the id \"idx-a\""),
        ("directories = 'a'", "directories: Input should be a valid list"),
        ("[[directories]]\nid = 'a", "TOML parse error at line 2"),
        ("key = 'llx-a'", "describes nothing; its tables are projects, directories"),
        (
            "[[configurations]]\nname = 'a'\nparameters = { product_type = 'split_v2' }",
            "configurations[0].parameters: ",
        ),
        (
            "[[directories]]\nproject_id = '11111111-1111-4111-8111-111111111111'",
            "directories[0].project_id: no project has this id",
        ),
    ] {
        let error = refusal(&[("a.toml", world)], &[]);
        assert!(error.contains("--world: a.toml: ") && error.contains(expected), "{world}: {error}");
    }
    let error = refusal(&[("a.json", "{\"directories\": [{]}")], &[]);
    assert!(error.contains("--world: a.json: ") && error.contains("line 1 column 19"), "{error}");
}

#[test]
fn what_has_no_effect_or_two_meanings_is_refused() {
    let index = |more: &str| format!("[[directories]]\nid = 'd'\n[[indexes]]\nsource_directory_id = 'd'\n{more}");
    let configuration = "[[configurations]]\nname = 'a'\nparameters = { product_type = 'unknown' }\n";
    for (world, flags, expected) in [
        (index("error_message = 'a'"), &[][..], "indexes[0].error_message: has an effect only with the status failed"),
        (index("name = 'mock:sow'"), &[], "indexes[0].name: a name that begins with 'mock:'"),
        (configuration.repeat(2), &[], "configurations[1].name: another configuration has this name"),
        ("[[files]]\nname = 'a'".to_owned(), &[], "files[0]: needs a path or a text"),
        ("[[files]]\ntext = 'a'".to_owned(), &[], "files[0]: needs a name beside its text"),
        ("[[files]]\ntext = 'a'\npath = 'leave.md'".to_owned(), &[], "files[0]: has both a path and a text"),
        (format!("key = 'a'\n{}", index("")), &["--api-key", "b"], "key: is not accepted (--api-key)"),
        (format!("key = 'a'\n{}", index("")), &["--isolation", "none"], "key: has no effect beside --isolation none"),
    ] {
        let error = refusal(&[("a.toml", &world)], flags);
        assert!(error.contains(&format!("a.toml: {expected}")), "{world}: {error}");
    }
}

#[test]
fn an_id_is_given_once_in_all_worlds_of_a_tenant() {
    let directory = |key: &str| format!("{key}[[directories]]\nid = 'd'\n");
    let twice = format!("{}{}", directory(""), directory(""));
    let error = refusal(&[("a.toml", &twice)], &[]);
    let expected = "a.toml: directories[1].id: d is given twice; the other place is a.toml: directories[0].id";
    assert!(error.contains(expected), "{error}");
    let error = refusal(&[("a.toml", &directory("")), ("b.toml", &directory("key = 'llx-a'\n"))], &[]);
    assert!(error.contains("b.toml: directories[0].id: d is given twice; the other place is a.toml:"), "{error}");
    let index = "[[indexes]]\nid = 'i'\nexport_config_id = 'i'\nsource_directory_id = 'd'\n";
    let error = refusal(&[("a.toml", &format!("{}{index}", directory("")))], &[]);
    assert!(error.contains("a.toml: indexes[0].export_config_id: i is given twice"), "{error}");
}

#[test]
fn a_source_directory_is_in_a_world_of_the_same_tenant() {
    let index = "[[indexes]]\nsource_directory_id = 'dir-hanbook'\n";
    let directory = "[[directories]]\nid = 'dir-handbook'\n";
    let expected =
        "indexes[0].source_directory_id: no directory has the id \"dir-hanbook\"; did you mean dir-handbook?";
    let error = refusal(&[("a.toml", index), ("b.toml", directory)], &[]);
    assert!(error.contains(&format!("a.toml: {expected}")), "{error}");
    let (index, directory) = (index.replace("hanbook", "handbook"), format!("key = 'llx-a'\n{directory}"));
    let error = refusal(&[("a.toml", &index), ("b.toml", &directory)], &[]);
    assert!(error.contains("a.toml: indexes[0].source_directory_id: no directory has the id"), "{error}");
}

#[test]
fn only_files_below_the_folder_of_the_world_are_read() {
    for (path, expected) in [
        ("../secret.txt", "is outside the folder of this file"),
        ("leave.md/../../secret.txt", "is outside the folder of this file"),
        ("/etc/passwd", "is outside the folder of this file"),
        ("link.txt", "is outside the folder of this file"),
        ("above/secret.txt", "is outside the folder of this file"),
        ("leaf.md", "there is no such file; did you mean leave.md?"),
        ("above/secre.txt", "there is no such file\n"),
        (".", "is no regular file"),
    ] {
        let error = refusal(&[("a.toml", &format!("[[files]]\npath = {path:?}"))], &[]);
        assert!(error.contains(&format!("a.toml: files[0].path: {path:?}: {expected}")), "{error}");
        assert!(!error.contains("secret.txt?"), "{error}");
    }
}

#[test]
fn a_limit_is_kept_and_a_refusal_names_its_flag() {
    let file = "[[files]]\npath = 'leave.md'\n[[files]]\nname = 'b'\ntext = '12345678'\n";
    for (limit, value, expected) in [
        ("--max-upload-bytes", "6", "files[0].path: \"leave.md\": has more than 6 bytes (--max-upload-bytes)"),
        ("--max-upload-bytes", "7", "files[1].text: has more than 7 bytes (--max-upload-bytes)"),
        ("--max-items", "1", "files[1]: A tenant of this server has at most 1 files (--max-items)"),
        ("--max-state-bytes", "20", "has more than 40 bytes (twice --max-state-bytes)"),
        ("--max-state-bytes", "1000", "as large as it may be (--max-state-bytes)"),
    ] {
        let error = refusal(&[("a.toml", file)], &[limit, value]);
        assert!(error.contains("a.toml: ") && error.contains(expected), "{error}");
    }
    let error = refusal(&[], &["--world", "/nonexistent/a.toml"]);
    assert!(error.contains("--world: /nonexistent/a.toml: there is no such file"), "{error}");
}
