//! The text form of what goes in and out of a space: golden scenarios, and the black box of a crash.
//!
//! ```text
//! # Comments are prose. The first line that is none says what the store knew; what it leaves out is usual.
//! record slow_mode_s=10
//!
//! @0s ana#1: join                      at this moment, Ana's command, her request number 1
//! > reply 1 ok joined …                what the machine wanted done, in order
//! > attach connection="conn_ana"
//! @1s stored write=1 result={"Ok":1}   any other input: its name and its fields
//! ```
//!
//! Fields are `name=JSON`. Callers are short: `ana` has an account, `guest:cy` and `invited:cy` have none, `admin:root`
//! manages the server; `ana@phone` is another device and connection of hers; `program:ana` calls without a connection.
//! In fields, `"~ana"` stands for Ana's profile, and `"~guest:cy"` for a guest's.

mod black_box;
pub(crate) mod people;
mod text;

pub use black_box::{BLACK_BOX_BYTES_MAX, BLACK_BOX_INPUTS_MAX, BlackBox};
pub use text::{ParseError, Scenario, Step, parse, usual_record, write_effect, write_input, write_record};
