// Generated from crates/protocol/src/limits.rs. Do not edit.

export const MESSAGE_MAX_CHARS = 2_000
export const DISPLAY_NAME_MAX_CHARS = 40
export const ACCOUNT_NAME_MAX_BYTES = 32
export const PASSWORD_MIN_CHARS = 8
export const PASSWORD_MAX_BYTES = 512
export const TITLE_MAX_CHARS = 120
export const RULES_MAX_CHARS = 2_000
export const TAGS_MAX = 8
export const TAG_MAX_CHARS = 32
export const FRAME_MAX_BYTES = 96 * 1024
export const SDP_MAX_BYTES = 64 * 1024
export const SPACES_PER_CONNECTION_MAX = 8
export const SLOW_MODE_MAX_S = 3_600
export const MUTE_MAX_S = 30 * 24 * 3_600
export const NONCE_MAX_BYTES = 40
export const HISTORY_PAGE_MAX = 100
export const MEMBERS_PAGE_MAX = 100
export const PROTOCOL_VERSION = 1
