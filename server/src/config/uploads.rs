//! Where files are kept and how large they may be, as the environment says it.
//!
//! **Invariant:** credentials are never part of these settings: the S3 client reads them from `AWS_…` itself.

use super::WrongSetting;
use std::path::PathBuf;

/// Settings of the uploads.
#[derive(Clone, Debug)]
pub struct UploadSettings {
    /// Where the files stay.
    pub storage: StorageUrl,
    /// Where files under way are kept: on this machine, also when [`Self::storage`] is not.
    pub staging: PathBuf,
    /// The largest file that is taken.
    pub max_bytes: u64,
}

/// Where the files stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StorageUrl {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A bucket that speaks S3, and a prefix in it.
    S3 {
        /// The bucket's name.
        bucket: String,
        /// What the names of all files begin with; may be empty.
        prefix: String,
    },
}

impl Default for UploadSettings {
    fn default() -> Self {
        Self::in_folder("./data/uploads".into())
    }
}

impl UploadSettings {
    /// Everything in one folder of this machine.
    pub fn in_folder(folder: PathBuf) -> Self {
        Self {
            staging: folder.join("staging"),
            storage: StorageUrl::Folder(folder),
            max_bytes: 25 * 1024 * 1024,
        }
    }

    /// Reads the settings.
    pub(super) fn read(get: &impl Fn(&str) -> Option<String>) -> Result<Self, WrongSetting> {
        let mut uploads = Self::default();
        if let Some(value) = get("STORAGE_URL") {
            let problem = "must be a folder such as ./data/uploads, or s3://bucket/prefix with the credentials in AWS_…";
            // Somebody may have put a key into it.
            let shown = value.rsplit_once('@').map_or(value.as_str(), |(_, place)| place);
            uploads = uploads.stored_at(value.trim()).ok_or_else(|| super::wrong("STORAGE_URL", problem, shown))?;
        }
        if let Some(value) = get("UPLOAD_STAGING") {
            uploads.staging = value.into();
        }
        if let Some(value) = get("UPLOAD_MAX_BYTES") {
            uploads.max_bytes = super::parse("UPLOAD_MAX_BYTES", "must be a number of bytes such as 26214400", value)?;
        }
        Ok(uploads)
    }

    /// Everything as before, in another place; `None` where that is no place.
    pub fn stored_at(self, url: &str) -> Option<Self> {
        Some(match StorageUrl::read(url)? {
            StorageUrl::Folder(folder) => Self {
                max_bytes: self.max_bytes,
                ..Self::in_folder(folder)
            },
            storage @ StorageUrl::S3 { .. } => Self {
                storage,
                staging: "./data/staging".into(),
                ..self
            },
        })
    }
}

impl StorageUrl {
    /// `./data/uploads`, `file:///srv/uploads` or `s3://bucket/prefix`.
    fn read(url: &str) -> Option<Self> {
        let Some((scheme, rest)) = url.split_once("://") else {
            return Some(Self::Folder(url.into()));
        };
        match scheme {
            "file" if rest.starts_with('/') => Some(Self::Folder(rest.into())),
            "s3" => {
                let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
                let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
                (!bucket.is_empty() && bucket.chars().all(is_name)).then(|| Self::S3 {
                    bucket: bucket.to_owned(),
                    prefix: prefix.trim_matches('/').to_owned(),
                })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_folder_or_a_bucket() {
        let s3 = |bucket: &str, prefix: &str| StorageUrl::S3 {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        };
        for (url, expected) in [
            ("./photos", Some(StorageUrl::Folder("./photos".into()))),
            ("file:///srv/photos", Some(StorageUrl::Folder("/srv/photos".into()))),
            ("s3://turns", Some(s3("turns", ""))),
            ("s3://turns/office/1/", Some(s3("turns", "office/1"))),
            ("s3://", None),
            ("s3://key:secret@turns", None),
            ("file://photos", None),
            ("ftp://turns", None),
        ] {
            assert_eq!(StorageUrl::read(url), expected, "{url}");
        }
    }

    #[test]
    fn files_under_way_lie_beside_those_that_stay_where_they_can() {
        let local = UploadSettings::default().stored_at("/srv/photos").unwrap();
        assert_eq!(local.staging, PathBuf::from("/srv/photos/staging"));
        let remote = UploadSettings::default().stored_at("s3://turns").unwrap();
        assert_eq!(remote.staging, PathBuf::from("./data/staging"));
    }
}
