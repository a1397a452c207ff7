//! `turns-server import`
//!
//! The program is waited for on the test's own thread, so the server must have another: one that stood still in the middle of a
//! write would have the program wait for its turn in vain.

use crate::support::TestApp;
use std::process::{Command, Output};

fn import(app: &TestApp, text: &str) -> Output {
    let file = app.folder().join("homes.csv");
    std::fs::write(&file, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_turns-server"));
    command
        .env_clear()
        .env("DATABASE_URL", app.database_url())
        .env("LOG", "warn")
        .arg("import")
        .arg(file)
        .output()
        .unwrap()
}

fn lines(bytes: &[u8]) -> Vec<String> {
    String::from_utf8(bytes.to_vec()).unwrap().lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_file_is_loaded_with_audit_and_log() {
    let app = TestApp::start().await;
    let (manager, other) = (app.sign_in("manager").await, app.sign_in("manager2").await);
    let (mut rows, end) = manager.rows("properties").await;
    let before = app.counts().await;
    let csv = "\u{feff}Property #,Address,City,ST,Zip Code,Rent,Beds,Move Out,Manager Email,Paint Color\r\n\
        N-1,\"1 Elm St, Apt 2\",Tulsa,OK,02134,\"$1,250.00\",3,11/3/2026,Manager@Example.com,beige\r\n\
        N-2,2 Elm St,Tulsa,OK,74104,,,,,\r\n";
    let output = import(&app, csv);
    assert!(output.status.success(), "{output:?}");
    assert!(lines(&output.stdout)[0].starts_with("2 properties loaded"));
    assert_eq!(
        lines(&output.stderr),
        ["warning: the column “Paint Color” is not one of a property’s and is passed over"]
    );
    let after = app.counts().await;
    assert_eq!(
        (after.rows - before.rows, after.audit_logs - before.audit_logs, after.changes - before.changes),
        (2, 2, 2)
    );
    let page = manager.follow("properties", &end).await;
    page.apply_to(&mut rows);
    let home = rows.values().find(|row| row["property_number"] == "N-1").unwrap();
    for (column, value) in [
        ("name", "1 Elm St, Apt 2"),
        ("zip_code", "02134"),
        ("monthly_rent", "1250.00"),
        ("bedrooms", "3.0"),
        ("move_out_date", "2026-11-03"),
    ] {
        assert_eq!(home[column], value, "{column}");
    }
    assert_eq!(page.changes().len(), 1, "the other home is nobody’s yet");
    assert!(other.rows("properties").await.0.values().all(|row| row["property_number"] != "N-1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_wrong_is_told_and_nothing_is_loaded() {
    let app = TestApp::start().await;
    let before = app.counts().await;
    let csv = "Property #,Name,Address,City,Rent,Active,Manager Email\n\
        N-1,One,1 Elm St,Tulsa,1250,yes,\n\
        ,Two,2 Elm St,,12x,maybe,\n\
        N-1,Three,3 Elm St,Tulsa,,,\n\
        P-10001,Four,4 Elm St,Tulsa,,,nobody@example.com\n\
        N-5,Five,5 Elm St,Tulsa,,,,,surplus\n";
    let output = import(&app, csv);
    assert_eq!(output.status.code(), Some(1));
    let said = lines(&output.stderr);
    assert_eq!(
        said[..said.len() - 1],
        [
            "line 3: city is required",
            "line 3: is active must be true or false",
            "line 3: monthly rent must be a number such as 1250.00",
            "line 3: property number is required",
            "line 4: property number N-1 is on line 2 already",
            "line 5: property number P-10001 is in the database already",
            "line 5: there is no account nobody@example.com",
            "line 6: has 9 values, but the header has 7",
        ],
        "{said:?}"
    );
    assert!(said[said.len() - 1].starts_with("nothing was loaded: 8 "));
    assert!(output.stdout.is_empty());
    assert_eq!(app.counts().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_without_the_right_columns_or_no_file_at_all() {
    let app = TestApp::start().await;
    let output = import(&app, "Street,Address,Colour\nx,y,z\n");
    assert!(
        lines(&output.stderr)
            .iter()
            .any(|line| line == "line 1: “Street” and “Address” are the same column"),
        "{output:?}"
    );
    assert_eq!(output.status.code(), Some(1));
    let mut command = Command::new(env!("CARGO_BIN_EXE_turns-server"));
    let missing = command
        .env_clear()
        .env("DATABASE_URL", app.database_url())
        .args(["import", "no-such-file.csv"])
        .output()
        .unwrap();
    assert_eq!((missing.status.code(), lines(&missing.stderr).len()), (Some(1), 1));
}
