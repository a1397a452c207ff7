//! `GET /api/reports/export`

use crate::support::{Answer, Person, TestApp};
use calamine::{Data, Reader, Xlsx};
use serde_json::{Value as Json, json};
use std::io::Cursor;

/// Text that a spreadsheet would run, and text that is not English.
const FORMULA: &str = "=HYPERLINK(\"Łódź\",\"http://evil.example\")";

struct File {
    name: String,
    kind: String,
    bytes: Vec<u8>,
}

/// A CSV file that has been read: its header, and its lines by header.
struct Csv {
    header: Vec<String>,
    lines: Vec<Vec<String>>,
}

impl File {
    async fn of(person: &Person, query: &str) -> Self {
        let response = person.http.get(format!("{}/api/reports/export?{query}", person.url)).send().await.unwrap();
        assert_eq!(response.status(), 200, "{query}");
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        Self {
            name: header("content-disposition"),
            kind: header("content-type"),
            bytes: response.bytes().await.unwrap().to_vec(),
        }
    }
}

impl Csv {
    async fn of(person: &Person, query: &str) -> Self {
        let file = File::of(person, &format!("format=csv&{query}")).await;
        let text = file.bytes.strip_prefix("\u{feff}".as_bytes()).expect("a byte-order mark");
        let mut reader = csv::Reader::from_reader(text);
        let owned = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect::<Vec<_>>();
        Self {
            header: owned(reader.headers().unwrap()),
            lines: reader.records().map(|record| owned(&record.unwrap())).collect(),
        }
    }

    fn column(&self, header: &str) -> Vec<&str> {
        let at = self.header.iter().position(|name| name == header).unwrap_or_else(|| panic!("no {header}"));
        self.lines.iter().map(|line| &*line[at]).collect()
    }

    fn has(&self, header: &str) -> bool {
        self.header.iter().any(|name| name == header)
    }
}

async fn update(person: &Person, table: &str, row: &serde_json::Map<String, Json>, data: Json) -> Answer {
    let version: i64 = row["version"].as_str().unwrap().parse().unwrap();
    let answer = person
        .write(
            table,
            json!({"operation": "update", "writeId": crate::support::new_id(), "rowId": row["id"], "version": version, "data": data}),
        )
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer
}

/// Gives the first property a name that a spreadsheet would run; gives its number.
async fn arm(admin: &Person) -> String {
    let home = admin.first("properties").await;
    update(
        admin,
        "properties",
        &home,
        json!({"name": FORMULA, "monthly_rent": "1234.50", "move_in_date": "2025-01-31"}),
    )
    .await;
    home["property_number"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_csv_file_has_every_row_and_no_formula() {
    let app = TestApp::start().await;
    let admin = app.sign_in("admin").await;
    let number = arm(&admin).await;
    let file = File::of(&admin, "type=properties&format=csv").await;
    let day = admin.get("/api/reports/dashboard").await.json["period"]["to"].as_str().unwrap().to_owned();
    assert_eq!(file.name, format!("attachment; filename=\"properties-{day}.csv\""));
    assert_eq!(file.kind, "text/csv; charset=utf-8");
    let text = String::from_utf8(file.bytes).unwrap();
    assert!(text.starts_with("\u{feff}Property number,Name,") && text.ends_with("\r\n"));
    assert!(text.contains("\"'=HYPERLINK(\"\"Łódź\"\",\"\"http://evil.example\"\")\""), "quoted, and text");
    let csv = Csv::of(&admin, "type=properties").await;
    assert_eq!(csv.lines.len() as i64, app.number("SELECT count(*) FROM properties").await);
    let at = csv.column("Property number").iter().position(|found| *found == number).unwrap();
    assert_eq!(
        (csv.column("Monthly rent")[at], csv.column("Move-in date")[at], csv.column("Active")[at]),
        ("1234.50", "2025-01-31", "yes")
    );
    assert!(!text.contains("lock_box_code") && !csv.has("Lock box code"));
}

#[tokio::test]
async fn an_excel_workbook_has_typed_cells_and_no_formula() {
    let app = TestApp::start().await;
    let admin = app.sign_in("admin").await;
    let number = arm(&admin).await;
    let file = File::of(&admin, "type=properties&format=excel").await;
    assert!(
        file.name.ends_with(".xlsx\"") && file.kind.ends_with("spreadsheetml.sheet"),
        "{} {}",
        file.name,
        file.kind
    );
    let mut workbook: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(file.bytes)).unwrap();
    assert_eq!(workbook.sheet_names(), ["Properties"]);
    assert!(workbook.worksheet_formula("Properties").unwrap().is_empty());
    let range = workbook.worksheet_range("Properties").unwrap();
    let header: Vec<String> = range.rows().next().unwrap().iter().map(ToString::to_string).collect();
    let at = |name: &str| header.iter().position(|header| header == name).unwrap();
    let row = range.rows().find(|row| row[0] == Data::String(number.clone())).unwrap();
    assert_eq!(row[at("Name")], Data::String(FORMULA.to_owned()));
    assert_eq!(row[at("Monthly rent")], Data::Float(1_234.5));
    assert_eq!(row[at("Active")], Data::Bool(true));
    let Data::DateTime(moved_in) = &row[at("Move-in date")] else {
        panic!("{:?}", row[at("Move-in date")])
    };
    assert_eq!(moved_in.as_f64(), 45_688.0, "2025-01-31 in Excel's calendar");
    assert_eq!(range.height() as i64 - 1, app.number("SELECT count(*) FROM properties").await);
}

#[tokio::test]
async fn a_pdf_has_its_title_filters_rows_and_totals() {
    let app = TestApp::start_with_properties(200).await;
    let admin = app.sign_in("admin").await;
    arm(&admin).await;
    let file = File::of(&admin, "type=properties&format=pdf&active=true").await;
    assert!(file.name.ends_with(".pdf\"") && file.kind == "application/pdf", "{} {}", file.name, file.kind);
    let document = lopdf::Document::load_mem(&file.bytes).unwrap();
    let pages = document.get_pages();
    assert!(pages.len() > 3, "{} pages", pages.len());
    let text = document.extract_text(&pages.keys().copied().collect::<Vec<_>>()).unwrap();
    for expected in [
        "Properties",
        "made by Dana Whitfield",
        "Active: true",
        "Łódź",
        "P-10200",
        "Page 2 of",
        "Total: 200",
        "Monthly rent",
    ] {
        assert!(text.contains(expected), "no “{expected}” in {text}");
    }
    // The headers stand on every page.
    assert_eq!(text.matches("Baths").count(), pages.len());
}

#[tokio::test]
async fn each_role_gets_the_rows_of_its_homes_and_no_more() {
    let app = TestApp::start_with_properties(30).await;
    let admin = app.sign_in("admin").await;
    let all = Csv::of(&admin, "type=turns").await.lines.len();
    for (name, turns, vendors) in [
        ("senior", Some("Priya Raman"), 200),
        ("manager", Some("Priya Raman"), 200),
        ("manager2", Some("Tom Okafor"), 200),
        ("dfo", None, 403),
        ("ho", None, 403),
    ] {
        let person = app.sign_in(name).await;
        let csv = Csv::of(&person, "type=turns").await;
        let managers = csv.column("Manager");
        match turns {
            Some(manager) => assert!(
                !managers.is_empty() && managers.len() < all && managers.iter().all(|found| *found == manager),
                "{name}"
            ),
            None => assert_eq!(managers.len(), all, "{name}"),
        }
        assert_eq!(person.get("/api/reports/export?type=vendors&format=csv").await.status, vendors, "{name}");
    }
    for name in ["inspector", "vendor"] {
        let person = app.sign_in(name).await;
        for path in [
            "dashboard",
            "export?type=turns&format=csv",
            "export?type=properties&format=pdf",
            "export?type=vendors&format=excel",
            "export",
        ] {
            let answer = person.get(&format!("/api/reports/{path}")).await;
            assert_eq!((answer.status.as_u16(), answer.problem()), (403, "PERMISSION"), "{name} {path}");
        }
    }
}

#[tokio::test]
async fn a_manager_filter_never_shows_another_managers_rows() {
    let app = TestApp::start_with_properties(30).await;
    let (manager, other) = (app.sign_in("manager").await, app.sign_in("manager2").await);
    for kind in ["turns", "properties"] {
        let csv = Csv::of(&manager, &format!("type={kind}&manager={}", other.id)).await;
        assert_eq!(csv.lines.len(), 0, "{kind}");
        assert!(!Csv::of(&manager, &format!("type={kind}&manager={}", manager.id)).await.lines.is_empty());
    }
}

#[tokio::test]
async fn tax_ids_and_emails_are_for_administrators() {
    let app = TestApp::start().await;
    let (admin, manager) = (app.sign_in("admin").await, app.sign_in("manager").await);
    assert!(Csv::of(&admin, "type=vendors").await.has("Tax id"));
    assert!(Csv::of(&admin, "type=properties").await.has("Manager email"));
    let seen = Csv::of(&manager, "type=vendors").await;
    assert!(!seen.has("Tax id") && !Csv::of(&manager, "type=properties").await.has("Manager email"));
    assert!(!seen.lines.is_empty() && seen.column("Approved").iter().all(|approved| *approved == "yes"));
}

#[tokio::test]
async fn filters_leave_what_they_say() {
    let app = TestApp::start_with_properties(60).await;
    let admin = app.sign_in("admin").await;
    let turns = Csv::of(&admin, "type=turns").await;
    let stage = Csv::of(&admin, "type=turns&stage=in_progress").await;
    assert!(!stage.lines.is_empty() && stage.column("Stage").iter().all(|name| *name == "In Progress"));
    let named = Csv::of(&admin, "type=turns&stage=In%20Progress").await;
    assert_eq!(named.lines, stage.lines);
    let vendor = turns.column("Vendor").into_iter().find(|vendor| !vendor.is_empty()).unwrap();
    let by_vendor = Csv::of(&admin, &format!("type=turns&vendor={}", vendor.replace(' ', "%20").replace('&', "%26"))).await;
    let works = |(one, other): (&&str, &&str)| *one == vendor || *other == vendor;
    assert!(!by_vendor.lines.is_empty() && by_vendor.column("Vendor").iter().zip(&by_vendor.column("Flooring vendor")).all(works));
    let mut days = turns.column("Completed on");
    days.retain(|day| !day.is_empty());
    days.sort_unstable();
    let (first, last) = (days[0], days[days.len() - 1]);
    let on_first = Csv::of(&admin, &format!("type=turns&dateColumn=completed_on&from={first}&to={first}")).await;
    assert!(!on_first.lines.is_empty() && on_first.column("Completed on").iter().all(|day| *day == first));
    let within = Csv::of(&admin, &format!("type=turns&dateColumn=completed_on&from={first}&to={last}")).await;
    assert_eq!(within.lines.len(), days.len());
    let made = Csv::of(&admin, "type=turns&dateColumn=created_at&to=2000-01-01").await;
    assert_eq!(
        (made.lines.len(), made.header.len()),
        (0, turns.header.len()),
        "a file of no rows has its header"
    );
    let market = Csv::of(&admin, "type=properties").await.column("Market")[0].to_owned();
    let by_market = Csv::of(&admin, &format!("type=properties&market={}", market.replace(' ', "%20"))).await;
    assert!(by_market.column("Market").iter().all(|found| *found == market));
    let working = Csv::of(&admin, "type=vendors&stage=in_progress").await;
    let companies = working.column("Company");
    assert!(stage.column("Vendor").iter().all(|vendor| companies.contains(vendor)) && !companies.is_empty());
}

#[tokio::test]
async fn past_turns_are_in_an_export_though_not_in_a_shape() {
    let app = TestApp::start().await;
    let manager = app.sign_in("manager").await;
    let before = Csv::of(&manager, "type=turns").await;
    let number = before.column("Turn number")[0].to_owned();
    let is_false = if crate::support::is_postgres() { "false" } else { "0" };
    let sql = format!("UPDATE turns SET is_active = {is_false} WHERE turn_number = '{number}'");
    sea_orm::ConnectionTrait::execute_unprepared(&app.database().await, &sql).await.unwrap();
    assert_eq!(Csv::of(&manager, "type=turns").await.lines.len(), before.lines.len());
    assert_eq!(Csv::of(&manager, "type=turns&active=false").await.column("Turn number"), [number.as_str()]);
    assert!(!Csv::of(&manager, "type=turns&active=true").await.column("Turn number").contains(&&*number));
}

#[tokio::test]
async fn everything_wrong_is_told_by_parameter() {
    let app = TestApp::start().await;
    let admin = app.sign_in("admin").await;
    for (query, fields) in [
        ("export", vec!["format", "type"]),
        ("export?type=people&format=docx&active=maybe", vec!["active", "format", "type"]),
        (
            "export?type=turns&format=csv&stage=nowhere&manager=nobody&market=Atlantis&vendor=No%20One",
            vec!["manager", "market", "stage", "vendor"],
        ),
        (
            "export?type=turns&format=csv&from=2026-02-30&to=soon&dateColumn=name",
            vec!["dateColumn", "from", "to"],
        ),
        ("export?type=turns&format=csv&from=2026-02-02&to=2026-02-01", vec!["to"]),
        ("export?type=turns&format=csv&stgae=draft", vec!["stgae"]),
        ("dashboard?from=2001-01-01", vec!["from"]),
        ("dashboard?format=csv&stage=nowhere", vec!["format", "stage"]),
    ] {
        let answer = admin.get(&format!("/api/reports/{query}")).await;
        assert_eq!((answer.status.as_u16(), answer.problem()), (422, "VALIDATION"), "{query}");
        let named: Vec<_> = answer.json["error"]["fields"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(named, fields, "{query}");
    }
}

#[tokio::test]
async fn exported_homes_can_be_imported_elsewhere() {
    let (here, there) = (TestApp::start().await, TestApp::start_with_properties(0).await);
    let (admin, other) = (here.sign_in("admin").await, there.sign_in("admin").await);
    let file = there.folder().join("homes.csv");
    std::fs::write(&file, File::of(&admin, "type=properties&format=csv").await.bytes).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_turns-server"));
    let output = command
        .env_clear()
        .env("DATABASE_URL", there.database_url())
        .arg("import")
        .arg(&file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let (mut sent, mut arrived) = (Csv::of(&admin, "type=properties").await, Csv::of(&other, "type=properties").await);
    for header in [
        "Property number",
        "Name",
        "Market",
        "Bathrooms",
        "Monthly rent",
        "Manager email",
        "Section 8",
        "Lock box location",
    ] {
        let (mut one, mut two) = (sent.column(header), arrived.column(header));
        one.sort_unstable();
        two.sort_unstable();
        assert_eq!(one, two, "{header}");
    }
    sent.lines.sort();
    arrived.lines.sort();
    assert_eq!(sent.lines.len(), arrived.lines.len());
}
