//! Parts that several pages share.

pub mod awaited;
pub mod dialog;
pub mod export;
pub mod field;
pub mod header;
pub mod heading;
pub mod mark;
pub mod move_menu;
pub mod notices;
pub mod photos;
pub mod resolve;
pub mod submission;
pub mod toaster;
