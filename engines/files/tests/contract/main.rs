//! A folder and a bucket keep the same promises; what only one of them can break, it is tested for alone.

mod bucket;
mod folder;
mod promises;
mod support;
