//! Figures: counting, what the kernel says of a process, and how it is printed.

pub mod histogram;
pub mod process;
pub mod report;
