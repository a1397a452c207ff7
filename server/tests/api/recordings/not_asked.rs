//! The recordings that are not asked of this server, and why.

/// Recordings that are left out for one reason.
pub struct Reason {
    pub recordings: &'static [&'static str],
    pub why: &'static str,
}

pub const NOT_ASKED: [Reason; 9] = [
    Reason {
        recordings: &["20-raw-chunk-framing", "143-keep-alive-limit"],
        why: "how HTTP/1.1 carries an answer is the HTTP library's",
    },
    Reason {
        recordings: &["64-err-404-path", "66-health", "67-root", "123-secret-health", "142c-db-down-health"],
        why: "no address of a shape: `/health` and `/ready` are ours, every other address is the app",
    },
    Reason {
        recordings: &[
            "93-composite-pk-key-format",
            "94-no-pk-table",
            "94b-no-pk-live-update",
            "95-many-types",
            "95b-many-types-live",
            "96-weird-table-quoted",
            "97-toast-setup",
            "97b-update-unchanged-toast-default",
            "116-generated-column",
            "116b-generated-column-excluded",
            "119-where-enum-cast-array",
            "119b-where-enum-direct-400",
        ],
        why: "keys, names and types that no table of ours has: each has the key `id`, a UUID",
    },
    Reason {
        recordings: &["98b-live-truncate-must-refetch"],
        why: "no table is emptied under a running server",
    },
    Reason {
        recordings: &[
            "99b-live-alter-table",
            "99d-after-alter-fresh",
            "141a-drop-now",
            "141b-live-drop-table",
            "141c-after-drop-old-handle",
            "141d-after-drop-fresh",
            "141e-after-drop-60s-old-handle",
            "141f-after-drop-60s-fresh",
        ],
        why: "tables change only with the server's version, while it starts; the handle is made from their columns too",
    },
    Reason {
        recordings: &[
            "100b-live-50k-row-transaction",
            "100c-log-page-1",
            "100c-log-page-2",
            "101a-snapshot-50k-page-1",
            "101b-snapshot-50k-page-2",
            "101b-snapshot-50k-page-3",
            "101b-snapshot-50k-page-4",
            "101c-snapshot-50k-page-1-again",
            "102b-mass-move-out-again",
            "103b-after-restart-same-handle",
        ],
        why: "the same paging as in 110 to 112, of 50,000 rows",
    },
    Reason {
        recordings: &["102-mass-move-out", "130-nonlive-offset-skips-unserved-changes"],
        why: "a fault of that version: its offset passes over changes that were not told; ours never does (`oracle`)",
    },
    Reason {
        recordings: &["113-overloaded-503"],
        why: "there is no limit of requests at once; too many of one person's are a 429 with `Retry-After`",
    },
    Reason {
        recordings: &["115b-after-delete-old-handle", "115c-initial-again"],
        why: "after a DELETE, which there is none of",
    },
];

pub fn all() -> impl Iterator<Item = &'static str> {
    NOT_ASKED.iter().flat_map(|reason| reason.recordings).copied()
}
