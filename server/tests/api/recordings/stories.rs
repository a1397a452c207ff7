//! The recordings that are asked of this server, in the order in which they build on each other.

use server::config::Limits;
use std::time::Duration;

/// Recordings of one database.
pub struct Story {
    pub about: &'static str,
    /// What the server is started with.
    pub limits: fn(&mut Limits),
    pub steps: &'static [Step],
}

/// One thing that happens in a story.
pub enum Step {
    /// Answered as recorded.
    Same(&'static str),
    /// Answered with this status and otherwise, and why.
    Otherwise(&'static str, u16, &'static str),
    /// Pages that say together what these say together.
    Pages(&'static [&'static str]),
    /// What no recording tells of was written.
    Write(&'static str),
    /// The server stops and starts with other limits.
    Restart(fn(&mut Limits)),
    /// The server loses its database, until it starts again.
    Close,
}

use Step::{Close, Otherwise, Pages, Restart, Same, Write};

impl Step {
    pub const fn recordings(&self) -> &[&'static str] {
        match self {
            Same(name) | Otherwise(name, ..) => std::slice::from_ref(name),
            Pages(names) => names,
            Write(_) | Restart(_) | Close => &[],
        }
    }
}

const fn as_it_is(_: &mut Limits) {}

fn short_waits(limits: &mut Limits) {
    limits.long_poll = Duration::from_millis(150);
}

fn long_waits(limits: &mut Limits) {
    limits.long_poll = Duration::from_secs(20);
}

/// A few rows, or a few changes, to a page.
fn small_pages(limits: &mut Limits) {
    limits.page_bytes = 1_000;
}

const NO_OTHER_ID: &str = "a row keeps its id here: one goes and one comes, and they are not said to be the same";
const OF_NOW: &str = "nothing is kept of a shape: its snapshot is of now, and what was before is not told again from the log";
const NOT_COPIED: &str = "a committed change is told; Electric had not read it yet";
const NO_SUBQUERY: &str = "a condition is about the row alone";
const STARTS_ANEW: &str = "a place beyond the log's end comes from a database that was restored: the client begins again at once, instead of failing for ever";
const OTHER_COUNT: &str = "places are counted in the condition as it was sent, not in the query that Electric makes of it";
const NOT_FOUND_OR_NOT_ALLOWED: &str = "the address is there, the method is not (405 with `Allow`)";
const NOTHING_TO_DELETE: &str = "nothing is kept of a shape that could be deleted";
const OWN_PROBLEM: &str = "at once, with `Retry-After`, and in the form of our other problems";
const WAITS_ON: &str = "who has everything waits on: while the database is away nothing is written";
const KNOWN_TABLES: &str = "which tables there are is known without the database";
const ONE_MEANING: &str = "the handle is made from what a condition means: with parameters or literals it is one shape";

pub const STORIES: [Story; 5] = [
    Story {
        about: "a table from its beginning",
        limits: as_it_is,
        steps: &[
            Same("01-initial-empty-table"),
            Same("16-etag-first"),
            Same("17-if-none-match-304"),
            Same("18-head"),
            Same("19-accept-encoding-gzip"),
            Same("68-unknown-param-ignored"),
            Same("69-cache-buster"),
            Same("74-unknown-handle-minus-one"),
            Same("96b-schema-qualified-same-shape"),
            Same("02-empty-follow-offset"),
            Otherwise("03-catchup-after-inserts-nonlive", 200, NOT_COPIED),
            Same("03b-catchup-again"),
            Same("04-live-insert"),
            Same("05-live-update-replica-default"),
            Same("06-live-update-set-null"),
            Same("07-live-update-noop"),
            Same("08-live-delete"),
            Otherwise("09-live-pk-update", 200, NO_OTHER_ID),
            Same("10-live-multi-change-transaction"),
            Restart(short_waits),
            Same("11-live-timeout"),
            Same("13-live-other-table-change-does-not-wake"),
            Restart(long_waits),
            Same("12-nonlive-up-to-date-again"),
            Otherwise("14-live-behind-returns-at-once", 200, NO_OTHER_ID),
            Otherwise("15-log-from-minus-one-existing-shape", 200, OF_NOW),
            Otherwise("15b-follow-15", 200, NO_OTHER_ID),
            Same("21-initial-nonempty-table"),
            Same("22-nonempty-follow"),
            Same("23-replica-full-initial"),
            Same("24-replica-full-follow"),
            Same("25-live-update-replica-full"),
            Same("26-live-delete-replica-full"),
            Otherwise("27-live-pk-update-replica-full", 200, NO_OTHER_ID),
            Same("30-where-initial"),
            Same("31-where-follow"),
            Same("32-where-move-in"),
            Same("33-where-update-inside"),
            Same("34-where-move-out"),
            Same("35-where-outside-change-then-inside"),
            Same("36-where-params"),
            Same("36b-where-params-follow"),
            Same("36c-where-params-json"),
            Same("37-where-params-missing-400"),
            Same("38-where-like-in-isnull"),
            Otherwise("39-where-subquery", 400, NO_SUBQUERY),
            Otherwise("39b-subquery-now", 400, NO_SUBQUERY),
            Otherwise("39c-subquery-follow", 400, NO_SUBQUERY),
            Otherwise("39d-subquery-move-in", 400, NO_SUBQUERY),
            Otherwise("39e-subquery-move-out", 400, NO_SUBQUERY),
            Same("40-columns-initial"),
            Same("41-columns-follow"),
            Same("42-columns-update-other-then-selected"),
            Same("43-columns-without-pk-400"),
            Same("44-columns-unknown-400"),
            Same("50-err-no-params-400"),
            Same("51-err-no-table-400"),
            Same("52-err-unknown-table-400"),
            Same("52b-err-unknown-schema-400"),
            Same("53-err-no-offset-400"),
            Same("54-err-invalid-offset-400"),
            Same("54b-err-invalid-offset-shape-400"),
            Same("55-err-offset-without-handle-400"),
            Same("56-err-live-with-minus-one-400"),
            Same("57-err-live-sse-without-live-400"),
            Same("58-err-where-unknown-column-400"),
            Otherwise("59-err-where-syntax-400", 400, OTHER_COUNT),
            Same("60-err-where-type-400"),
            Same("61-err-where-unsupported-fn-400"),
            Same("62-err-replica-400"),
            Otherwise("63-err-offset-out-of-bounds", 409, STARTS_ANEW),
            Otherwise("65-err-method-put", 405, NOT_FOUND_OR_NOT_ALLOWED),
            Same("70-unknown-handle-409"),
            Same("71-handle-of-other-shape-409"),
            Same("72-unknown-handle-new-shape"),
            Same("73-unknown-handle-live-409"),
            Same("92b-sse-error-409"),
            Same("19c-gzip-on-409"),
            Same("80-offset-now"),
            Same("81-offset-now-then-live"),
            Same("82-log-changes-only-initial"),
            Same("83-log-changes-only-follow"),
            Same("84-log-changes-only-live"),
            Same("85-log-changes-only-now"),
            Same("86-subset-get"),
            Same("87-subset-post"),
            Same("88-subset-post-nested"),
            Same("89-subset-limit-without-order-400"),
            Same("89b-subset-bad-where-400"),
            Same("89c-post-bad-json-400"),
            Same("89d-post-params-in-body"),
            Same("89e-subset-on-full-log-shape"),
            Same("90-options-preflight"),
            Same("91-delete-default"),
            Same("92-live-sse"),
            Same("98-live-truncate"),
            Same("98a-pairs-now"),
            Same("99a-turns-now"),
            Same("19b-gzip-on-content-length-response"),
            Same("100a-now-before-50k"),
            Same("103a-now"),
            Restart(as_it_is),
            Same("103c-after-restart-now"),
        ],
    },
    Story {
        about: "small pages",
        limits: small_pages,
        steps: &[
            Write("insert into properties(id) values('00000000-0000-4000-8000-000000000001')"),
            Write(
                "begin;
                insert into turns values('11111111-0000-4000-8000-000000000001',null,'s1',true,1,null);
                insert into turns values('11111111-0000-4000-8000-000000000002',null,'s2',true,2,null);
                insert into turns values('11111111-0000-4000-8000-000000000003',null,'s3',true,3,null);
                insert into turns values('11111111-0000-4000-8000-000000000004',null,'s4',true,4,null);
                insert into turns values('11111111-0000-4000-8000-000000000005',null,'s5',true,5,null);
                insert into turns values('11111111-0000-4000-8000-000000000006',null,'s6',true,6,null);
                insert into turns values('11111111-0000-4000-8000-000000000007',null,'s7',true,7,null);
                insert into turns values('11111111-0000-4000-8000-000000000008',null,'s8',true,8,null);
                insert into turns values('11111111-0000-4000-8000-000000000009',null,'s9',true,9,null);
                insert into turns values('11111111-0000-4000-8000-000000000010',null,'s10',true,10,null);
                insert into turns values('11111111-0000-4000-8000-000000000011',null,'s11',true,11,null);
                insert into turns values('11111111-0000-4000-8000-000000000012',null,'s12',true,12,null);
                commit",
            ),
            Pages(&[
                "110-small-pages-1",
                "110-small-pages-2",
                "110-small-pages-3",
                "110-small-pages-4",
                "110-small-pages-5",
            ]),
            Write(
                "begin;
                update turns set stage='x1' where id='11111111-0000-4000-8000-000000000001';
                update turns set stage='x2' where id='11111111-0000-4000-8000-000000000002';
                update turns set stage='x3' where id='11111111-0000-4000-8000-000000000003';
                update turns set stage='x4' where id='11111111-0000-4000-8000-000000000004';
                update turns set stage='x5' where id='11111111-0000-4000-8000-000000000005';
                update turns set stage='x6' where id='11111111-0000-4000-8000-000000000006';
                update turns set stage='x7' where id='11111111-0000-4000-8000-000000000007';
                update turns set stage='x8' where id='11111111-0000-4000-8000-000000000008';
                update turns set stage='x9' where id='11111111-0000-4000-8000-000000000009';
                update turns set stage='x10' where id='11111111-0000-4000-8000-000000000010';
                update turns set stage='x11' where id='11111111-0000-4000-8000-000000000011';
                update turns set stage='x12' where id='11111111-0000-4000-8000-000000000012';
                insert into turns(id) values('11111111-0000-4000-8000-000000000050');
                commit",
            ),
            Pages(&["112-live-on-small-log-page"]),
            Pages(&["111-small-log-pages-1", "111-small-log-pages-2", "111-small-log-pages-3"]),
            Restart(short_waits),
            Same("114-live-timeout-4s-cursor"),
            Otherwise("115-delete-enabled", 405, NOTHING_TO_DELETE),
            Otherwise("115d-delete-by-handle-only", 405, NOTHING_TO_DELETE),
            Otherwise("115e-delete-unknown-handle", 405, NOTHING_TO_DELETE),
            Otherwise("115f-delete-nothing-400", 405, NOTHING_TO_DELETE),
            Same("117-view-400"),
        ],
    },
    Story {
        about: "the secret",
        limits: as_it_is,
        steps: &[
            Same("120-secret-missing-401"),
            Write("insert into properties(id) values('00000000-0000-4000-8000-000000000001')"),
            Write("insert into turns values('11111111-0000-4000-8000-000000000001',null,'x1',true,1,null)"),
            Write("insert into turns values('11111111-0000-4000-8000-000000000002',null,'x2',true,2,null)"),
            Write("insert into turns values('11111111-0000-4000-8000-000000000003',null,'x3',true,3,null)"),
            Write("insert into turns values('11111111-0000-4000-8000-000000000004',null,'x4',true,4,null)"),
            Same("121-secret-good"),
            Pages(&["118-uppercase-unquoted"]),
            Same("122-secret-options"),
        ],
    },
    Story {
        about: "handles",
        limits: as_it_is,
        steps: &[
            Same("140-where-params-order-a"),
            Same("140b-where-params-order-b"),
            Otherwise("140c-where-literals", 200, ONE_MEANING),
            Same("98c-after-truncate-old-handle"),
            Same("98d-expired-handle-409"),
            Same("98e-expired-handle-minus-one"),
            Same("99c-after-alter-old-handle"),
        ],
    },
    Story {
        about: "before and after the database was away",
        limits: short_waits,
        steps: &[
            Same("142a-before-outage"),
            Same("142b-before-outage"),
            Close,
            Otherwise("142d-db-down-existing-shape", 503, OWN_PROBLEM),
            Otherwise("142e-db-down-existing-live", 200, WAITS_ON),
            Otherwise("142f-db-down-new-shape", 503, OWN_PROBLEM),
            Otherwise("142g-db-down-unknown-table", 400, KNOWN_TABLES),
            Restart(as_it_is),
            Same("142h-db-back-same-handle"),
        ],
    },
];
