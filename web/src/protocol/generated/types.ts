// Generated from crates/protocol. Do not edit: see crates/protocol/tests/typescript.rs.

/**
 * A person: somebody with an account, or a guest.
 */
export type UserId = string;

/**
 * One signed-in browser or program of a user.
 */
export type DeviceId = string;

/**
 * Anything several people are in together: a live room, a group or a dialog; calls get a prefix of their own.
 */
export type SpaceId = string;

/**
 * One live connection of a device to a node. It ends with its socket; the device stays.
 */
export type ConnectionId = string;

/**
 * One direction of one client's media: a publisher's, or a subscriber's.
 */
export type LegId = string;

/**
 * One published microphone, camera or screen.
 */
export type TrackId = string;

/**
 * A link that lets guests into a space.
 */
export type GuestLinkId = string;

/**
 * What an encoder shows to send to a room. Not the secret: that is told once, when the key is made.
 */
export type StreamKeyId = string;

/**
 * A film.
 */
export type VideoId = string;

/**
 * A film on its way to the server.
 */
export type UploadId = string;

/**
 * An image in a dialog.
 */
export type ImageId = string;

/**
 * A report to the moderators.
 */
export type ReportId = string;

/**
 * An invitation into a discussion group.
 */
export type InvitationId = string;

/**
 * A visit of one host to another, from its invitation on.
 */
export type VisitId = string;

/**
 * The name of a limit, as a client may show it and a program may branch on it.
 */
export type LimitName = "message_chars" | "message_rate" | "messages_in_flight" | "command_rate" | "frame_bytes" | "sdp_bytes" | "display_name_chars" | "title_chars" | "rules_chars" | "tags" | "tag_chars" | "members" | "connections_per_member" | "spaces_per_connection" | "connections_per_user" | "sockets_per_address" | "sign_in_attempts" | "guests_per_address" | "moderators" | "sanctions" | "slow_mode_seconds" | "mute_seconds" | "blocks" | "guest_links" | "media_legs" | "media_negotiations" | "tracks" | "stage_guests" | "hands" | "players" | "follows" | "friends" | "stream_keys" | "reports" | "reason_chars" | "encoders" | "cover_bytes" | "cover_pixels" | "group_invitations" | "group_members" | "groups" | "interests" | "interest_chars" | "visit_hosts" | "visit_requests" | "visit_seconds" | "offer_chars" | "dialog_members" | "dialogs" | "dialogs_pinned" | "search_chars" | "upload_bytes" | "uploads" | "storage_bytes" | "file_name_bytes" | "image_bytes" | "images" | "chapters" | "subtitles" | "subtitle_bytes";

/**
 * Why a command or request was declined. Nothing accepted before it is lost.
 *
 * What somebody may not see is [`Rejection::NotFound`], the same as an id that was never given.
 */
export type Rejection = { "kind": "not_found" } | { "kind": "forbidden" } | { "kind": "unauthenticated" } | { "kind": "wrong_credentials" } | { "kind": "limit", 
/**
 * Which limit.
 */
limit: LimitName, 
/**
 * Its value.
 */
max: number, 
/**
 * How long to wait before trying again, where waiting helps.
 */
retry_after_ms: number | null, } | { "kind": "invalid", 
/**
 * The field, in the words of the protocol.
 */
field: string, 
/**
 * What is wrong with it, for a developer's eye.
 */
reason: string, } | { "kind": "malformed", 
/**
 * What is wrong with it, for a developer's eye.
 */
reason: string, } | { "kind": "muted", 
/**
 * Until when, in server time; `null` for good.
 */
until_ms: number | null, } | { "kind": "banned" } | { "kind": "slow_mode", 
/**
 * How long to wait.
 */
retry_after_ms: number, } | { "kind": "already_joined" } | { "kind": "not_joined" } | { "kind": "already_publishing" } | { "kind": "not_live" } | { "kind": "already_in_group" } | { "kind": "invitation_over" } | { "kind": "nobody_invited", 
/**
 * Why, for each.
 */
users: Array<Uninvited>, } | { "kind": "name_taken" } | { "kind": "media_refused", 
/**
 * What is wrong with it, for a developer's eye.
 */
reason: string, } | { "kind": "storage" } | { "kind": "busy" } | { "kind": "fault" } | { "kind": "unsupported_version", 
/**
 * The oldest version spoken here.
 */
oldest: number, 
/**
 * The newest version spoken here.
 */
newest: number, };

/**
 * What others see of a user.
 */
export type Profile = { 
/**
 * Who.
 */
id: UserId, 
/**
 * The account name, unique and in the address of the room; `null` for a guest.
 */
name: string | null, 
/**
 * The name people read.
 */
display_name: string, };

/**
 * What a user knows of themselves.
 */
export type Me = { 
/**
 * What others see.
 */
profile: Profile, 
/**
 * May manage the server.
 */
administrator: boolean, 
/**
 * Whom this user has blocked.
 */
blocked: Array<Profile>, 
/**
 * Whom this user follows.
 */
follows: Array<Profile>, 
/**
 * Friends: each of the two wished it.
 */
friends: Array<Profile>, 
/**
 * Who wishes to be friends, and was not answered.
 */
friend_requests: Array<Profile>, 
/**
 * Whom this user has asked to be friends, and who has not answered.
 */
friends_asked: Array<Profile>, };

/**
 * One signed-in browser or program of a user.
 */
export type Device = { 
/**
 * Which.
 */
id: DeviceId, 
/**
 * What the user calls it; at first, browser and system.
 */
name: string, 
/**
 * Whether it is the one that asks.
 */
current: boolean, 
/**
 * When it was signed in, milliseconds since the Unix epoch.
 */
created_ms: number, 
/**
 * When it was last seen, milliseconds since the Unix epoch.
 */
seen_ms: number, };

/**
 * What others may want of somebody, and by what they are found.
 */
export type Preferences = { 
/**
 * What they are interested in, in words of their own.
 */
interests: Array<string>, 
/**
 * Whether they may be suggested for and invited into discussion groups.
 */
group_invitations: boolean, 
/**
 * Whether nobody may invite them to anything now.
 */
do_not_disturb: boolean, 
/**
 * Whether other hosts may ask them for visits.
 */
host_visits: boolean, 
/**
 * Whether others in a dialog are told how far they have read.
 */
read_marks: boolean, 
/**
 * Whether others in a dialog are told when they are there.
 */
presence: boolean, };

/**
 * What a track carries.
 */
export type Source = "camera" | "microphone" | "screen" | "screen_audio";

/**
 * Which m-line of a publisher's offer carries which source.
 */
export type SourceOfMid = { 
/**
 * The `a=mid` of the m-line.
 */
mid: string, 
/**
 * What it carries.
 */
source: Source, };

/**
 * A track as everybody in the space knows it.
 */
export type Track = { 
/**
 * Which.
 */
id: TrackId, 
/**
 * What it carries.
 */
source: Source, 
/**
 * The codec's name as in SDP (`VP8`, `opus`…).
 */
codec: string, 
/**
 * The heights in pixels, or simulcast names, that can be chosen; empty for sound and for a single layer.
 */
layers: Array<string>, };

/**
 * Somebody who publishes in a space.
 */
export type Publisher = { 
/**
 * Who.
 */
user: UserId, 
/**
 * By which leg.
 */
leg: LegId, 
/**
 * By what way it comes in.
 */
via: Via, 
/**
 * What they send.
 */
tracks: Array<Track>, 
/**
 * Which of it they have turned off themselves, or a moderator has.
 */
muted?: Array<Source>, };

/**
 * By what way media comes in.
 */
export type Via = "browser" | "whip" | "rtmp";

/**
 * What the server converts, because a viewer could not play it as it comes; and what it would have to, but can't.
 */
export type Conversion = "b_frames" | "aac_to_opus" | "vp8_to_h264" | "ladder" | "ladder_given_up" | "sound_refused";

/**
 * How many watch by which way.
 */
export type Watching = { 
/**
 * Over WebRTC in the web app.
 */
webrtc: number, 
/**
 * Over WebRTC with another player (WHEP).
 */
whep: number, 
/**
 * Over HLS.
 */
hls: number, };

/**
 * A track as it comes in a server's offer.
 */
export type OfferedTrack = { 
/**
 * The `a=mid` of the m-line that carries it.
 */
mid: string, 
/**
 * Which track.
 */
track: TrackId, 
/**
 * Whose.
 */
leg: LegId, 
/**
 * What it carries.
 */
source: Source, };

/**
 * What a viewer wants of a track.
 */
export type LayerPreference = { "kind": "auto", 
/**
 * The height at which it is shown, in device pixels.
 */
max_height: number, } | { "kind": "fixed", 
/**
 * Its name, from [`Track::layers`].
 */
layer: string, } | { "kind": "paused" };

/**
 * Health of a broadcast as its host sees it.
 */
export type Health = { 
/**
 * Bits a second that arrive.
 */
bitrate_bps: number, 
/**
 * Frames a second that arrive.
 */
frame_rate: number, 
/**
 * Time between the last two key frames, in milliseconds.
 */
key_frame_distance_ms: number, 
/**
 * Share of packets lost on the way to the server, 0 to 1.
 */
loss: number, 
/**
 * By what way it comes in.
 */
via: Via, 
/**
 * Who watches by which way.
 */
watching: Watching, 
/**
 * What is converted.
 */
conversions: Array<Conversion>, };

/**
 * A stored message.
 *
 * `position` orders the messages of a conversation: it rises from message to message and may skip.
 */
export type Message = { 
/**
 * Where in the conversation; it is the message's name there.
 */
position: number, 
/**
 * Who said it.
 */
author: Profile, 
/**
 * When, milliseconds since the Unix epoch, by the server's clock.
 */
at_ms: number, 
/**
 * What. Plain text: nothing of it is ever markup. Empty when deleted.
 */
text: string, 
/**
 * The message it answers.
 */
reply_to?: Quote, 
/**
 * Who is mentioned in it (they are in the space, or were).
 */
mentions?: Array<Profile>, 
/**
 * What the sender named it, so that a sender knows its own and a repeat changes nothing.
 */
nonce?: string, 
/**
 * In which of the room's broadcasts it was said, counted from 1; absent: while nobody was live.
 */
broadcast?: number, 
/**
 * The media time it belongs to: milliseconds since that broadcast began, as its author saw it.
 */
media_ms?: number, 
/**
 * How it floats over the picture; absent: it doesn't.
 */
float?: Float, 
/**
 * What it carries besides its words, which may be none then.
 */
carries?: Carried, 
/**
 * The moment of a film that it belongs to.
 */
moment?: Moment, 
/**
 * When its author put other words in its place, milliseconds since the Unix epoch; absent: never.
 */
edited_ms?: number, 
/**
 * Whether it was deleted; its text is gone then.
 */
deleted?: boolean, };

/**
 * The message that another one answers, as far as it is shown with the answer.
 */
export type Quote = { 
/**
 * Its position.
 */
position: number, 
/**
 * Who said it.
 */
author: Profile, 
/**
 * Its beginning (at most [`QUOTE_MAX_CHARS`] characters); empty when it was deleted before, or carries something without
 * words.
 */
text: string, 
/**
 * What it carries.
 */
carries?: Cargo, };

/**
 * How a message floats over the picture (danmaku).
 */
export type Float = { 
/**
 * Its colour: `#` and six hexadecimal digits, lower case.
 */
color: string, 
/**
 * Where.
 */
place: FloatPlace, };

/**
 * Where a message floats.
 */
export type FloatPlace = "scroll" | "top" | "bottom";

/**
 * What a message carries besides words: as it was when it was said, so that it can be drawn at once. Whether it can still be
 * had is told by asking for it.
 */
export type Carried = { "kind": "video", 
/**
 * Which.
 */
video: VideoId, 
/**
 * Width of the picture, in pixels.
 */
width: number, 
/**
 * Height of the picture, in pixels.
 */
height: number, 
/**
 * How long it is, in milliseconds.
 */
duration_ms: number, 
/**
 * A tiny still, to be shown blurred: a `data:` URL. Empty: none.
 */
tiny: string, } | { "kind": "image", 
/**
 * Which.
 */
image: ImageId, 
/**
 * Width, in pixels.
 */
width: number, 
/**
 * Height, in pixels.
 */
height: number, 
/**
 * A tiny one, to be shown blurred: a `data:` URL. Empty: none.
 */
tiny: string, 
/**
 * Whether it moves: `/api/images/{image}/moving` is a short film without sound, to be played over and over.
 */
moving?: boolean, };

/**
 * What somebody wants a message to carry.
 */
export type Carry = { "kind": "video", 
/**
 * Which.
 */
video: VideoId, } | { "kind": "image", 
/**
 * Which.
 */
image: ImageId, };

/**
 * What kind of thing a message carries.
 */
export type Cargo = "video" | "image";

/**
 * A moment of a film.
 */
export type Moment = { 
/**
 * Of which.
 */
video: VideoId, 
/**
 * Media time of the film, in milliseconds.
 */
at_ms: number, };

/**
 * Where somebody stands with the stage.
 *
 * ```text
 *            raise_hand             ask_on_stage             accept
 *  audience ────────────► hand up ───────────────► asked ────────────► on stage
 *     ▲ ▲─── lower ──────────┘  └──── (a moderator may ask anybody) ─┘     │
 *     └──────────── declined, expired, withdrawn, left, taken off ─────────┘
 * ```
 */
export type StageStanding = { "state": "audience" } | { "state": "hand_up" } | { "state": "asked", 
/**
 * By whom.
 */
by: Profile, 
/**
 * Until when it can be answered, milliseconds since the Unix epoch.
 */
until_ms: number, } | { "state": "on_stage" };

/**
 * What the host and the moderators know of who wants to be on the stage.
 */
export type StageRequests = { 
/**
 * Who has a hand up, longest first.
 */
hands: Array<Profile>, 
/**
 * Who was asked, and has not answered.
 */
asked: Array<Profile>, 
/**
 * Who may publish, whether or not their media has arrived.
 */
guests: Array<Profile>, };

/**
 * A film, as whoever asks may see it.
 */
export type Video = { 
/**
 * Which.
 */
id: VideoId, 
/**
 * Whose.
 */
owner: Profile, 
/**
 * What it is called.
 */
title: string, 
/**
 * Of which room it is a recording; `null`: of none.
 */
room: SpaceId | null, 
/**
 * Where it stands.
 */
state: VideoState, 
/**
 * How long it is, in milliseconds of media time; 0 while that is not known.
 */
duration_ms: number, 
/**
 * Width of the picture, in pixels; 0 where there is none.
 */
width: number, 
/**
 * Height of the picture, in pixels.
 */
height: number, 
/**
 * Its size, in bytes.
 */
bytes: number, 
/**
 * When it was recorded, or began to be uploaded, milliseconds since the Unix epoch.
 */
created_ms: number, 
/**
 * The address of its HLS playlist, relative to the origin; `null` while it can't be played.
 */
hls: string | null, 
/**
 * The address of its poster, relative to the origin.
 */
poster: string | null, 
/**
 * A tiny still, to be shown blurred: a `data:` URL. Empty: none.
 */
tiny: string, 
/**
 * The address of the index of its previews (WebVTT with `#xywh` of a picture beside it), relative to the origin.
 */
previews: string | null, 
/**
 * Its subtitles.
 */
subtitles: Array<Subtitles>, 
/**
 * Its chapters, in order of time.
 */
chapters: Array<Chapter>, 
/**
 * The addresses of its files, in their order, for whoever may change it to take away. Each plays by itself; there are
 * several where what was recorded changed in the middle. Of an upload it is the original. Empty for others, and while
 * there is nothing to take.
 */
downloads: Array<string>, 
/**
 * Whether whoever asks may rename and delete it.
 */
may_change: boolean, 
/**
 * What only its owner is told.
 */
own?: OwnVideo, 
/**
 * Where whoever asks stopped watching; 0: not begun.
 */
position_ms: number, 
/**
 * Whether whoever asks has watched it to its end.
 */
seen: boolean, };

/**
 * Where a film stands.
 */
export type VideoState = "recording" | "uploading" | "converting" | "ready" | "failed";

/**
 * What only the owner of a film is told.
 */
export type OwnVideo = { 
/**
 * Who may watch it.
 */
audience: VideoAudience, 
/**
 * The secret in the address for whoever has the link; `null` where the audience is another.
 */
link: string | null, 
/**
 * The upload that brings it, while it is on its way.
 */
upload: UploadId | null, 
/**
 * The dialog in which it will be said as soon as it can be played.
 */
dialog: SpaceId | null, 
/**
 * How far its conversion is; `null` where none goes on.
 */
conversion: VideoConversion | null, 
/**
 * Why it failed.
 */
failure: VideoFailure | null, };

/**
 * How far a conversion is.
 */
export type VideoConversion = { 
/**
 * How many are before it; 0: it is being converted.
 */
before: number, 
/**
 * How much of the work is done, from 0 to 1.
 */
done: number, 
/**
 * How long it will take, by the pace so far, in milliseconds; `null`: not known yet.
 */
left_ms: number | null, };

/**
 * Who may watch a film, besides its owner and administrators. Whoever is blocked by the owner may not.
 */
export type VideoAudience = "only_me" | "dialog" | "friends" | "link" | "room" | "everyone";

/**
 * Subtitles of a film.
 */
export type Subtitles = { 
/**
 * Their name among those of the film.
 */
name: string, 
/**
 * Their language (BCP 47, or ISO 639-2 as files say it); empty: not said.
 */
language: string, 
/**
 * What they are called; may be empty.
 */
label: string, 
/**
 * Their address (WebVTT), relative to the origin; `null` while they are not there yet.
 */
address: string | null, 
/**
 * Whether the owner has added them: only such can be taken off.
 */
added: boolean, };

/**
 * A chapter of a film. It goes on to the next one.
 */
export type Chapter = { 
/**
 * Where it begins, in milliseconds of media time.
 */
start_ms: number, 
/**
 * What it is called.
 */
title: string, };

/**
 * Why an upload became no film.
 */
export type VideoFailure = { "kind": "unreadable" } | { "kind": "no_picture" } | { "kind": "codec", 
/**
 * ffmpeg's name of it.
 */
codec: string, } | { "kind": "pixels", 
/**
 * In pixels.
 */
width: number, 
/**
 * In pixels.
 */
height: number, } | { "kind": "too_long" } | { "kind": "one_frame" } | { "kind": "truncated" } | { "kind": "too_many_streams" } | { "kind": "too_much" } | { "kind": "no_room" } | { "kind": "failed" };

/**
 * Where the recording of a broadcast stands.
 */
export type Recording = { 
/**
 * Whether the host wants broadcasts recorded.
 */
wanted: boolean, 
/**
 * Which film is being written; `null`: none.
 */
video: VideoId | null, 
/**
 * Whether the recording of this broadcast ended before it did (disk full, media that can't be kept).
 */
failed?: boolean, };

/**
 * What somebody reported to the moderators of a room and the administrators.
 */
export type Report = { 
/**
 * Which.
 */
id: ReportId, 
/**
 * Where.
 */
space: SpaceId, 
/**
 * Who reports.
 */
by: Profile, 
/**
 * Who is reported.
 */
about: Profile, 
/**
 * The message that is reported, as it was said; `null`: the person.
 */
message: Message | null, 
/**
 * What is wrong, in the reporter's words; may be empty.
 */
reason: string, 
/**
 * When, milliseconds since the Unix epoch.
 */
at_ms: number, 
/**
 * Who settled it; `null`: it is open.
 */
settled_by: UserId | null, 
/**
 * Inside which discussion group, if in one; `space` is the live room whose moderators act on it then.
 */
group?: SpaceId, };

/**
 * A line of the audit log.
 */
export type AuditEntry = { 
/**
 * Its number; later ones are higher.
 */
number: number, 
/**
 * Where; `null`: it concerns the server.
 */
space: SpaceId | null, 
/**
 * Who did it.
 */
by: Profile, 
/**
 * What, as a word (`ban`, `delete_message`, `disable_account`…).
 */
action: string, 
/**
 * To whom or to what, as it was written down.
 */
subject: string, 
/**
 * When, milliseconds since the Unix epoch.
 */
at_ms: number, };

/**
 * What a room says of itself.
 */
export type About = { 
/**
 * The title; empty: the host's name stands for it.
 */
title: string, 
/**
 * What kind of broadcast, in the host's words.
 */
category: string, 
/**
 * The language spoken, as a BCP 47 tag; empty where not said.
 */
language: string, 
/**
 * Words to find it by.
 */
tags: Array<string>, 
/**
 * What the host asks of the audience.
 */
rules: string, 
/**
 * Who may come in.
 */
entry: Entry, };

/**
 * Who may come into a room without being its host or moderator.
 */
export type Entry = "open" | "link" | "accounts";

/**
 * Where a broadcast stands.
 *
 * ```text
 * off ──publish──► connecting ──media flows──► on_air ◄──► interrupted (the publisher's connection died)
 *  ▲                   │                          │              │
 *  └────── failed ─────┴───────── end ────────────┴── 15 s ──────┘
 * ```
 */
export type Broadcast = { "state": "off" } | { "state": "connecting" } | { "state": "on_air", 
/**
 * Since when, milliseconds since the Unix epoch.
 */
since_ms: number, } | { "state": "paused", 
/**
 * Since when it is on air.
 */
since_ms: number, } | { "state": "interrupted", 
/**
 * Live since when.
 */
since_ms: number, 
/**
 * Until when it may come back.
 */
until_ms: number, };

/**
 * Why a broadcast ended.
 */
export type EndReason = "host" | "lost" | "never_connected";

/**
 * What a group watches together.
 */
export type Content = { "kind": "live_room", 
/**
 * Which.
 */
room: SpaceId, 
/**
 * Whose.
 */
host: Profile, 
/**
 * Its title.
 */
title: string, } | { "kind": "video", 
/**
 * Which.
 */
video: VideoId, 
/**
 * Its title.
 */
title: string, };

/**
 * To what a member wants to take the group.
 */
export type Destination = { "kind": "live_room", 
/**
 * Which.
 */
room: SpaceId, } | { "kind": "video", 
/**
 * Which.
 */
video: VideoId, };

/**
 * By what people are suggested.
 */
export type SuggestedBy = "friends" | "interests" | "comments";

/**
 * Why somebody is suggested, or was invited.
 */
export type GroupReason = { "kind": "picked" } | { "kind": "friend" } | { "kind": "followed" } | { "kind": "interests", 
/**
 * Which, the rarest in this room first.
 */
shared: Array<string>, } | { "kind": "comments", 
/**
 * In words of their own, the weightiest first.
 */
terms: Array<string>, } | { "kind": "replies", 
/**
 * How often.
 */
count: number, };

/**
 * Somebody who might be invited.
 */
export type Suggestion = { 
/**
 * Who.
 */
profile: Profile, 
/**
 * Why, the strongest first; never empty.
 */
reasons: Array<GroupReason>, 
/**
 * How well they fit, in thousandths.
 */
score: number, };

/**
 * What one wants of discussion groups.
 */
export type GroupCommand = { "kind": "suggest", 
/**
 * From these sources; none: from all.
 */
sources: Array<SuggestedBy>, } | { "kind": "invite", 
/**
 * Whom.
 */
users: Array<UserId>, } | { "kind": "withdraw" } | { "kind": "answer", 
/**
 * Which.
 */
invitation: InvitationId, 
/**
 * Yes or no.
 */
accept: boolean, } | { "kind": "list" } | { "kind": "dissolve", 
/**
 * Which, in a live room.
 */
group?: SpaceId | null, } | { "kind": "depart" } | { "kind": "move", 
/**
 * To what.
 */
to: Destination, } | { "kind": "answer_move", 
/**
 * Yes or no.
 */
accept: boolean, };

/**
 * What became of an invitation, or that nothing has yet.
 */
export type GroupInvitationState = "open" | "accepted" | "declined" | "expired" | "left" | "withdrawn";

/**
 * An invitation, as the invited sees it.
 */
export type GroupInvitation = { 
/**
 * Which.
 */
id: InvitationId, 
/**
 * By whom.
 */
by: Profile, 
/**
 * Why oneself.
 */
reasons: Array<GroupReason>, 
/**
 * How many others were invited, or are members already.
 */
others: number, 
/**
 * Until when it can be answered.
 */
until_ms: number, };

/**
 * One of those whom somebody invited, as whoever invited sees it.
 */
export type GroupInvited = { 
/**
 * Who.
 */
profile: Profile, 
/**
 * What became of it.
 */
state: GroupInvitationState, };

/**
 * What somebody has asked for, as they see it.
 */
export type GroupRequest = { 
/**
 * Whom they invited, in that order.
 */
invited: Array<GroupInvited>, 
/**
 * The group, once somebody has accepted.
 */
group: SpaceId | null, 
/**
 * Until when the last of the invitations can be answered.
 */
until_ms: number, };

/**
 * Why somebody could not be invited.
 */
export type NotInvited = "not_here" | "unavailable" | "asked" | "member";

/**
 * Somebody who could not be invited.
 */
export type Uninvited = { 
/**
 * Who.
 */
user: UserId, 
/**
 * Why.
 */
reason: NotInvited, };

/**
 * A group, as the moderators of the live room it is bound to see it: that it exists.
 */
export type GroupHere = { 
/**
 * Which.
 */
group: SpaceId, 
/**
 * How many members it has.
 */
members: number, 
/**
 * Since when.
 */
since_ms: number, 
/**
 * How many reports of it are open.
 */
reports: number, };

/**
 * A member of a group.
 */
export type GroupMember = { 
/**
 * Who.
 */
profile: Profile, 
/**
 * Whether they are connected now.
 */
here: boolean, 
/**
 * Since when they are a member.
 */
since_ms: number, };

/**
 * A wish to take the group to something else.
 */
export type Proposal = { 
/**
 * Whose.
 */
by: Profile, 
/**
 * To what.
 */
to: Content, 
/**
 * Until when members answer.
 */
until_ms: number, 
/**
 * Who comes along.
 */
accepted: Array<UserId>, 
/**
 * Who does not.
 */
declined: Array<UserId>, };

/**
 * A group as its members see it.
 */
export type Group = { 
/**
 * Who may remove and dissolve.
 */
owner: UserId, 
/**
 * All members, the longest-standing first.
 */
members: Array<GroupMember>, 
/**
 * What they watch; `None`: it is over, and nothing has taken its place, or one may not see it.
 */
content: Content | null, 
/**
 * Whether there is something to see in it now: a broadcast that is on air, or a video.
 */
playing: boolean, 
/**
 * When the group ends by itself, because nothing goes on in it.
 */
ends_ms: number | null, 
/**
 * Where a member wants to go; not told to who may not see it.
 */
proposal: Proposal | null, 
/**
 * Since when there is the group.
 */
since_ms: number, };

/**
 * What happens about discussion groups.
 */
export type GroupEvent = { "kind": "invitation", 
/**
 * All of it.
 */
invitation: GroupInvitation, } | { "kind": "invitation_over", 
/**
 * Which.
 */
invitation: InvitationId, 
/**
 * What became of it.
 */
state: GroupInvitationState, } | { "kind": "request", 
/**
 * All of it.
 */
request: GroupRequest, } | { "kind": "yours", 
/**
 * Which.
 */
group: SpaceId | null, } | { "kind": "group", 
/**
 * All of it.
 */
group: Group, } | { "kind": "moved", 
/**
 * To what.
 */
content: Content, 
/**
 * Who.
 */
users: Array<UserId>, };

/**
 * A group of one's own, past or present.
 */
export type MyGroup = { 
/**
 * Which.
 */
id: SpaceId, 
/**
 * Who are, or were, its members.
 */
members: Array<Profile>, 
/**
 * What it was bound to last, if one may see it.
 */
content: Content | null, 
/**
 * Since when.
 */
since_ms: number, 
/**
 * When it ended; `None`: it has not.
 */
ended_ms: number | null, };

/**
 * A dialog, as one of its members sees it from outside.
 */
export type Dialog = { 
/**
 * Which.
 */
id: SpaceId, 
/**
 * What it is called; empty in one of two, which goes by the other's name.
 */
title: string, 
/**
 * Whether it is one of two: nobody can be added to it, and there is no second one of the same two.
 */
two: boolean, 
/**
 * Everybody in it, oneself too.
 */
members: Array<Profile>, 
/**
 * What was said last; `null`: nothing yet.
 */
last: Message | null, 
/**
 * Up to where one has read; 0: nothing.
 */
read_position: number, 
/**
 * Messages of others behind that, counted to [`crate::limits::UNREAD_MAX`].
 */
unread: number, 
/**
 * Whether one has pinned it above the others.
 */
pinned: boolean, 
/**
 * Whether one wants to hear nothing of it.
 */
muted: boolean, 
/**
 * When it was begun, milliseconds since the Unix epoch.
 */
since_ms: number, };

/**
 * How a dialog stands, for those who have joined it.
 */
export type DialogState = { 
/**
 * What it is called.
 */
title: string, 
/**
 * Whether it is one of two.
 */
two: boolean, 
/**
 * Everybody in it.
 */
members: Array<DialogMember>, };

/**
 * Somebody in a dialog.
 */
export type DialogMember = { 
/**
 * Who.
 */
profile: Profile, 
/**
 * Whether one of their devices has joined it now.
 */
here: boolean, 
/**
 * Up to where they have read; 0: nothing, or they don't tell.
 */
read_position: number, };

/**
 * What a member may do in a dialog, besides what one may in any space.
 */
export type DialogCommand = { "kind": "edit", 
/**
 * Which.
 */
position: number, 
/**
 * The new words.
 */
text: string, } | { "kind": "typing" } | { "kind": "set_title", 
/**
 * The new title; may be empty.
 */
title: string, } | { "kind": "add", 
/**
 * Whom.
 */
user: UserId, } | { "kind": "depart" } | { "kind": "keep", 
/**
 * What.
 */
keeping: DialogKeeping, };

/**
 * What happens in a dialog.
 */
export type DialogEvent = { "kind": "state", 
/**
 * All of it.
 */
state: DialogState, } | { "kind": "typing", 
/**
 * Who.
 */
user: UserId, } | { "kind": "edited", 
/**
 * Which.
 */
position: number, 
/**
 * Its words.
 */
text: string, 
/**
 * When, milliseconds since the Unix epoch.
 */
edited_ms: number, };

/**
 * What a member has made of a dialog for themselves.
 */
export type DialogKeeping = { 
/**
 * Whether it stands above the others.
 */
pinned: boolean, 
/**
 * Whether one wants to hear nothing of it.
 */
muted: boolean, };

/**
 * Which hosts are wanted. At least one condition is given; all that are given must be met.
 */
export type VisitConditions = { 
/**
 * Of this category.
 */
category: string | null, 
/**
 * In this language.
 */
language: string | null, 
/**
 * With at least so many viewers now.
 */
audience_from: number | null, 
/**
 * With at most so many viewers now.
 */
audience_to: number | null, 
/**
 * With all of these tags.
 */
tags: Array<string>, 
/**
 * Whom the asking host follows.
 */
followed: boolean, 
/**
 * With at least this standing.
 */
standing_from: number | null, };

/**
 * How a host visits.
 */
export type VisitWay = "watching" | "on_stage";

/**
 * Why a host is a good candidate.
 */
export type VisitReason = { "kind": "category" } | { "kind": "language" } | { "kind": "tags", 
/**
 * Which.
 */
shared: Array<string>, } | { "kind": "followed" } | { "kind": "owes_visits", 
/**
 * By how many visits.
 */
visits: number, } | { "kind": "is_owed_visits", 
/**
 * By how many visits.
 */
visits: number, } | { "kind": "thanked" } | { "kind": "rarely_asked" };

/**
 * A host who might be invited.
 */
export type VisitCandidate = { 
/**
 * Who.
 */
host: Profile, 
/**
 * Their room.
 */
room: SpaceId, 
/**
 * Its title.
 */
title: string, 
/**
 * Its category.
 */
category: string, 
/**
 * Whether they are live.
 */
live: boolean, 
/**
 * How many are in their room.
 */
audience: number, 
/**
 * Their standing: visits kept and thanks received.
 */
standing: number, 
/**
 * Why, the strongest first.
 */
reasons: Array<VisitReason>, 
/**
 * How well they fit, in thousandths.
 */
score: number, };

/**
 * What one wants of host visits. All of it is said in a live room: by its host, but for `come`.
 */
export type VisitCommand = { "kind": "candidates", 
/**
 * Which hosts are wanted.
 */
conditions: VisitConditions, } | { "kind": "invite", 
/**
 * Which hosts are wanted.
 */
conditions: VisitConditions, 
/**
 * How many.
 */
wanted: number, 
/**
 * For how long a visit is to last, in seconds.
 */
duration_s: number, 
/**
 * What is offered in return, in words.
 */
offer: string, 
/**
 * These, in this order, where the host picked them; none: all who meet the conditions, the best first.
 */
hosts: Array<UserId>, } | { "kind": "cancel" } | { "kind": "answer", 
/**
 * Which.
 */
visit: VisitId, 
/**
 * How they come; `None`: they decline.
 */
accept?: VisitWay | null, } | { "kind": "come", 
/**
 * With which visit.
 */
visit: VisitId, 
/**
 * Yes, or no: one stays.
 */
come: boolean, } | { "kind": "end", 
/**
 * Which.
 */
visit: VisitId, };

/**
 * What became of an invitation to visit, or that nothing has yet.
 */
export type VisitInvitationState = "open" | "accepted" | "declined" | "expired" | "withdrawn" | "unavailable";

/**
 * A host who was asked, as the asking host sees it.
 */
export type VisitInvited = { 
/**
 * With which visit.
 */
visit: VisitId, 
/**
 * Who.
 */
host: Profile, 
/**
 * What became of it.
 */
state: VisitInvitationState, 
/**
 * Until when it can be answered.
 */
until_ms: number, };

/**
 * A request, as the asking host sees it.
 */
export type VisitRequest = { 
/**
 * How many hosts are wanted.
 */
wanted: number, 
/**
 * Who was asked, in that order.
 */
invited: Array<VisitInvited>, 
/**
 * How many may still be asked.
 */
left: number, 
/**
 * Whether it has come to its end.
 */
over: boolean, };

/**
 * An invitation, as the invited host sees it.
 */
export type VisitInvitation = { 
/**
 * Which.
 */
visit: VisitId, 
/**
 * By whom.
 */
host: Profile, 
/**
 * To which room.
 */
room: SpaceId, 
/**
 * Its title.
 */
title: string, 
/**
 * Its category.
 */
category: string, 
/**
 * How many are there.
 */
audience: number, 
/**
 * By which conditions one was found.
 */
conditions: VisitConditions, 
/**
 * For how long, in seconds.
 */
duration_s: number, 
/**
 * What is offered in return.
 */
offer: string, 
/**
 * Until when it can be answered.
 */
until_ms: number, };

/**
 * One of the two rooms of a visit.
 */
export type VisitSide = { 
/**
 * Which room.
 */
room: SpaceId, 
/**
 * Whose.
 */
host: Profile, 
/**
 * Its title.
 */
title: string, };

/**
 * Where a visit stands.
 */
export type VisitPhase = { "state": "announced", 
/**
 * When the visit begins.
 */
at_ms: number, } | { "state": "under_way", 
/**
 * Since when.
 */
since_ms: number, 
/**
 * Until when.
 */
until_ms: number, };

/**
 * A visit.
 */
export type Visit = { 
/**
 * Which.
 */
id: VisitId, 
/**
 * How the visitor comes.
 */
way: VisitWay, 
/**
 * Who invited, and whose stage it is.
 */
to: VisitSide, 
/**
 * Who visits.
 */
from: VisitSide, 
/**
 * Where it stands.
 */
phase: VisitPhase, };

/**
 * Why a visit is over.
 */
export type VisitEndReason = "over" | "host" | "broadcast_ended" | "gone" | "lost";

/**
 * What two rooms send and receive, counted by the media engine.
 */
export type Traffic = { 
/**
 * Browsers and encoders that send.
 */
publishers: number, 
/**
 * Viewers that receive.
 */
viewers: number, 
/**
 * Bits a second that they send.
 */
in_bps: number, 
/**
 * Bits a second that they are sent.
 */
out_bps: number, };

/**
 * What a visit saves, of both rooms together.
 */
export type VisitSaving = { 
/**
 * Just before it began.
 */
before: Traffic, 
/**
 * Now.
 */
now: Traffic, };

/**
 * What happens about host visits.
 */
export type VisitEvent = { "kind": "request", 
/**
 * All of it.
 */
request: VisitRequest, } | { "kind": "visit", 
/**
 * All of it.
 */
visit: Visit, } | { "kind": "coming", 
/**
 * With which visit.
 */
visit: VisitId, 
/**
 * Yes or no.
 */
come: boolean, } | { "kind": "ended", 
/**
 * Which.
 */
visit: VisitId, 
/**
 * Why.
 */
reason: VisitEndReason, } | { "kind": "saving", 
/**
 * Of which visit.
 */
visit: VisitId, 
/**
 * How much.
 */
saving: VisitSaving, };

/**
 * What a visit brought, as both hosts see it.
 */
export type VisitEntry = { 
/**
 * Which.
 */
id: VisitId, 
/**
 * How the visitor came.
 */
way: VisitWay, 
/**
 * Who invited.
 */
to: Profile, 
/**
 * Who visited.
 */
from: Profile, 
/**
 * When it began.
 */
began_ms: number, 
/**
 * When it ended; `None`: it goes on.
 */
ended_ms: number | null, 
/**
 * How many of the visitor's audience came along.
 */
people: number, 
/**
 * Minutes they stayed, of all of them together.
 */
person_minutes: number, 
/**
 * Follows the inviting host gained of them meanwhile.
 */
follows_to: number, 
/**
 * Follows the visiting host gained of the inviting host's audience meanwhile.
 */
follows_from: number, 
/**
 * Who gave thanks for it.
 */
thanked_by: Array<UserId>, };

/**
 * What a member is in a space.
 */
export type Role = "viewer" | "moderator" | "host";

/**
 * Somebody who is in a space now.
 */
export type Member = { 
/**
 * Who.
 */
profile: Profile, 
/**
 * As what.
 */
role: Role, 
/**
 * Whether they may not speak at the moment.
 */
muted?: boolean, 
/**
 * While a visit lasts: the room whose guest they are here.
 */
guest_from?: SpaceId, };

/**
 * What a client may do in a space.
 */
export type Command = { "kind": "join", 
/**
 * Where the client's copy of the stream ends, if it has one.
 */
resume: Resume | null, 
/**
 * Whether one comes along with a visit, out of one's own room, and goes again when it is over.
 */
as_guest?: boolean, } | { "kind": "leave" } | { "kind": "send", 
/**
 * What.
 */
text: string, 
/**
 * The position of the message it answers.
 */
reply_to?: number | null, 
/**
 * Chosen by the client; a repeat with the same nonce by the same user is answered with the first one's position.
 */
nonce: string, 
/**
 * Whom it mentions (at most 10; who isn't known here is passed over).
 */
mentions?: Array<UserId>, 
/**
 * How it floats over the picture; absent: it doesn't.
 */
float?: Float, 
/**
 * The media time it belongs to, as its author sees the picture: milliseconds since the broadcast began.
 * Absent: now. A time that is not there yet counts as now.
 */
media_ms?: number, 
/**
 * What it carries besides words; in dialogs only. The text may be empty then.
 */
carries?: Carry, 
/**
 * The moment of a film that it belongs to, one that is shared in the dialog; in dialogs only.
 */
moment?: Moment, } | { "kind": "delete_message", 
/**
 * Which.
 */
position: number, } | { "kind": "mark_read", 
/**
 * Up to and with this message.
 */
position: number, } | { "kind": "set_slow_mode", 
/**
 * Seconds.
 */
interval_s: number, } | { "kind": "mute", 
/**
 * Whom.
 */
user: UserId, 
/**
 * For how many seconds; `null` for good.
 */
duration_s: number | null, } | { "kind": "unmute", 
/**
 * Whom.
 */
user: UserId, } | { "kind": "ban", 
/**
 * Whom.
 */
user: UserId, } | { "kind": "remove", 
/**
 * Whom.
 */
user: UserId, } | { "kind": "report", 
/**
 * About whom.
 */
user: UserId, 
/**
 * About which message; `null`: about the person.
 */
position?: number | null, 
/**
 * What is wrong; may be empty.
 */
reason: string, } | { "kind": "unban", 
/**
 * Whom.
 */
user: UserId, } | { "kind": "list_sanctions" } | { "kind": "set_moderator", 
/**
 * Whom.
 */
user: UserId, 
/**
 * Appoint or dismiss.
 */
moderator: boolean, } | { "kind": "set_about", 
/**
 * All of it.
 */
about: About, } | { "kind": "list_members", 
/**
 * Continue behind this user.
 */
after: UserId | null, } | { "kind": "raise_hand", 
/**
 * Ask, or ask no more.
 */
raised: boolean, } | { "kind": "lower_hand", 
/**
 * Whose.
 */
user: UserId, } | { "kind": "ask_on_stage", 
/**
 * Whom.
 */
user: UserId, } | { "kind": "answer_stage", 
/**
 * Yes or no.
 */
accept: boolean, } | { "kind": "leave_stage", 
/**
 * Whom; `null`: oneself.
 */
user?: UserId | null, } | { "kind": "set_muted", 
/**
 * Whose; `null`: one's own.
 */
user?: UserId | null, 
/**
 * What.
 */
source: Source, 
/**
 * Off or on.
 */
muted: boolean, } | { "kind": "set_recording", 
/**
 * Recorded or not.
 */
wanted: boolean, } | { "kind": "publish", 
/**
 * The SDP offer, with sendonly m-lines.
 */
offer: string, 
/**
 * What each m-line carries.
 */
sources: Array<SourceOfMid>, 
/**
 * Replace a publisher leg of another connection that is still alive.
 */
take_over: boolean, } | { "kind": "end_broadcast" } | { "kind": "watch", 
/**
 * After a reconnection: the leg that is still flowing, to go on with instead of a new one.
 */
keep?: LegId | null, } | { "kind": "unwatch" } | { "kind": "answer", 
/**
 * Of which leg.
 */
leg: LegId, 
/**
 * Of which offer.
 */
generation: number, 
/**
 * The SDP answer.
 */
sdp: string, } | { "kind": "prefer", 
/**
 * Which track.
 */
track: TrackId, 
/**
 * What.
 */
layer: LayerPreference, } | { "kind": "groups", 
/**
 * What.
 */
wants: GroupCommand, } | { "kind": "dialogs", 
/**
 * What.
 */
wants: DialogCommand, } | { "kind": "visits", 
/**
 * What.
 */
wants: VisitCommand, };

/**
 * Somebody who is muted or banned.
 */
export type Sanction = { 
/**
 * Whom.
 */
user: Profile, 
/**
 * Whether banned; muted otherwise.
 */
banned: boolean, 
/**
 * Until when, milliseconds since the Unix epoch; `null` for good.
 */
until_ms: number | null, 
/**
 * By whom.
 */
by: UserId, };

/**
 * What came of a command.
 */
export type Outcome = { "kind": "done" } | { "kind": "joined", 
/**
 * Where the stream stands. Events up to and with `after` are in the snapshot, or were replayed.
 */
stream: Resume, 
/**
 * Whether the missed events follow (true) or a `snapshot` (false).
 */
resumed: boolean, } | { "kind": "sent", 
/**
 * Where in the conversation.
 */
position: number, 
/**
 * When.
 */
at_ms: number, } | { "kind": "publishing", 
/**
 * Which leg.
 */
leg: LegId, 
/**
 * The SDP answer.
 */
answer: string, } | { "kind": "playing", 
/**
 * Which leg.
 */
leg: LegId, 
/**
 * The SDP answer.
 */
answer: string, } | { "kind": "restarted", 
/**
 * The server's user name fragment.
 */
ufrag: string, 
/**
 * The server's password.
 */
pwd: string, 
/**
 * The server's candidates, as SDP attributes without `a=`.
 */
candidates: Array<string>, } | { "kind": "watching", 
/**
 * Which leg.
 */
leg: LegId, } | { "kind": "members", 
/**
 * Who.
 */
members: Array<Member>, 
/**
 * How many there are in all.
 */
total: number, 
/**
 * Where to continue, if there are more.
 */
next: UserId | null, } | { "kind": "sanctions", 
/**
 * Who.
 */
sanctions: Array<Sanction>, } | { "kind": "suggestions", 
/**
 * Them.
 */
suggestions: Array<Suggestion>, } | { "kind": "invited", 
/**
 * How they stand.
 */
request: GroupRequest, 
/**
 * Who could not be invited.
 */
uninvited: Array<Uninvited>, } | { "kind": "group_joined", 
/**
 * Which.
 */
group: SpaceId, } | { "kind": "groups", 
/**
 * Them, the oldest first.
 */
groups: Array<GroupHere>, } | { "kind": "visit_candidates", 
/**
 * Them.
 */
candidates: Array<VisitCandidate>, } | { "kind": "visit_requested", 
/**
 * How it stands.
 */
request: VisitRequest, };

/**
 * What happens in a space.
 */
export type Event = { "kind": "snapshot", 
/**
 * All of it.
 */
snapshot: Snapshot, } | { "kind": "audience", 
/**
 * Members of any role.
 */
count: number, } | { "kind": "message", 
/**
 * All of it.
 */
message: Message, } | { "kind": "message_deleted", 
/**
 * Which.
 */
position: number, } | { "kind": "slow_mode", 
/**
 * Seconds; 0 is off.
 */
interval_s: number, } | { "kind": "you", 
/**
 * You, as you are now.
 */
member: Member, 
/**
 * Muted until when, if muted for a time.
 */
muted_until_ms: number | null, } | { "kind": "user_removed", 
/**
 * Who.
 */
user: UserId, } | { "kind": "removed", 
/**
 * Why.
 */
reason: RemovedReason, } | { "kind": "about", 
/**
 * All of it.
 */
about: About, } | { "kind": "broadcast", 
/**
 * What it is now.
 */
broadcast: Broadcast, 
/**
 * Why it ended, where it did.
 */
ended?: EndReason, } | { "kind": "stage", 
/**
 * Everybody who publishes.
 */
publishers: Array<Publisher>, } | { "kind": "your_stage", 
/**
 * Where.
 */
standing: StageStanding, } | { "kind": "stage_requests", 
/**
 * All of them.
 */
requests: StageRequests, } | { "kind": "stage_answer", 
/**
 * Who.
 */
user: Profile, 
/**
 * Yes, or no.
 */
accepted: boolean, } | { "kind": "reported", 
/**
 * All of it.
 */
report: Report, } | { "kind": "recording", 
/**
 * All of it.
 */
recording: Recording, } | { "kind": "active_speaker", 
/**
 * Nobody: `null`.
 */
user: UserId | null, } | { "kind": "offer", 
/**
 * Of which leg.
 */
leg: LegId, 
/**
 * Which offer; answer with the same number. Newer ones replace older ones.
 */
generation: number, 
/**
 * The SDP offer.
 */
sdp: string, 
/**
 * What its m-lines carry.
 */
tracks: Array<OfferedTrack>, } | { "kind": "mapped", 
/**
 * Of which leg.
 */
leg: LegId, 
/**
 * What its m-lines carry.
 */
tracks: Array<OfferedTrack>, } | { "kind": "layer", 
/**
 * Which track.
 */
track: TrackId, 
/**
 * Which layer; `null`: none, for want of bandwidth or by choice.
 */
layer: string | null, } | { "kind": "leg_closed", 
/**
 * Which.
 */
leg: LegId, 
/**
 * Why.
 */
reason: LegClosedReason, } | { "kind": "health", 
/**
 * The figures.
 */
health: Health, } | { "kind": "ended", 
/**
 * Why.
 */
reason: SpaceEndReason, } | { "kind": "groups", 
/**
 * What.
 */
event: GroupEvent, } | { "kind": "dialogs", 
/**
 * What.
 */
event: DialogEvent, } | { "kind": "visits", 
/**
 * What.
 */
event: VisitEvent, };

/**
 * Why a member is put out.
 */
export type RemovedReason = "banned" | "removed" | "entry" | "signed_out" | "departed";

/**
 * Why a leg is closed.
 */
export type LegClosedReason = "asked" | "replaced" | "lost" | "fault";

/**
 * Why a space is over.
 */
export type SpaceEndReason = "fault" | "stopping" | "dissolved" | "idle";

/**
 * Everything a client needs to show a space.
 */
export type Snapshot = { 
/**
 * What the room says of itself.
 */
about: About, 
/**
 * Whose room it is.
 */
host: Profile, 
/**
 * Where the broadcast stands.
 */
broadcast: Broadcast, 
/**
 * Who publishes what.
 */
publishers: Array<Publisher>, 
/**
 * How many are here.
 */
audience: number, 
/**
 * The latest messages, oldest first.
 */
messages: Array<Message>, 
/**
 * Whether there are older ones.
 */
more_messages: boolean, 
/**
 * Up to where you have read; 0 where nothing is.
 */
read_position: number, 
/**
 * Seconds between two messages of a viewer; 0 is off.
 */
slow_mode_s: number, 
/**
 * You.
 */
you: Member, 
/**
 * Muted until when, if muted for a time.
 */
muted_until_ms: number | null, 
/**
 * Where you stand with the stage.
 */
your_stage: StageStanding, 
/**
 * To the host and the moderators: who wants to be on the stage.
 */
stage_requests?: StageRequests, 
/**
 * Where the recording stands.
 */
recording: Recording, 
/**
 * In a group: how it stands.
 */
group?: Group, 
/**
 * In a dialog: how it stands.
 */
dialog?: DialogState, 
/**
 * In a live room: what concerns oneself of discussion groups.
 */
your_groups?: YourGroups, 
/**
 * In a live room: the visits that are announced or under way; several where several hosts visit this one.
 */
visits?: Array<YourVisit>, 
/**
 * To the host of a live room: how their request for visits stands.
 */
visit_request?: VisitRequest, };

/**
 * What concerns somebody of the discussion groups of a live room.
 */
export type YourGroups = { 
/**
 * The group that they are a member of.
 */
group: SpaceId | null, 
/**
 * Invitations that they have not answered.
 */
invitations: Array<GroupInvitation>, 
/**
 * What they have asked for.
 */
request: GroupRequest | null, };

/**
 * A visit, as somebody in one of its rooms sees it.
 */
export type YourVisit = { 
/**
 * All of it.
 */
visit: Visit, 
/**
 * Whether they come along, in the visitor's room.
 */
come: boolean, };

/**
 * What a client may do about itself.
 */
export type PersonCommand = { "kind": "block", 
/**
 * Whom.
 */
user: UserId, } | { "kind": "unblock", 
/**
 * Whom.
 */
user: UserId, } | { "kind": "follow", 
/**
 * Whom.
 */
user: UserId, } | { "kind": "unfollow", 
/**
 * Whom.
 */
user: UserId, } | { "kind": "befriend", 
/**
 * Whom.
 */
user: UserId, } | { "kind": "unfriend", 
/**
 * Whom.
 */
user: UserId, };

/**
 * What happens to oneself.
 */
export type PersonEvent = { "kind": "me", 
/**
 * All of it.
 */
me: Me, } | { "kind": "mentioned", 
/**
 * Where.
 */
space: SpaceId, 
/**
 * The message.
 */
message: Message, } | { "kind": "friend_asked", 
/**
 * Who.
 */
by: Profile, } | { "kind": "friend_accepted", 
/**
 * Who.
 */
by: Profile, } | { "kind": "went_live", 
/**
 * Where.
 */
space: SpaceId, 
/**
 * Who.
 */
host: Profile, 
/**
 * What the room says of itself.
 */
about: About, 
/**
 * Since when, milliseconds since the Unix epoch.
 */
since_ms: number, } | { "kind": "dialog", 
/**
 * How it stands for oneself.
 */
dialog: Dialog, } | { "kind": "dialog_gone", 
/**
 * Which.
 */
dialog: SpaceId, } | { "kind": "video", 
/**
 * All of it.
 */
video: Video, } | { "kind": "video_gone", 
/**
 * Which.
 */
video: VideoId, } | { "kind": "visit_invitation", 
/**
 * All of it.
 */
invitation: VisitInvitation, } | { "kind": "visit_invitation_over", 
/**
 * Which.
 */
visit: VisitId, 
/**
 * What became of it.
 */
state: VisitInvitationState, } | { "kind": "folded", 
/**
 * Which limit.
 */
limit: LimitName, };

/**
 * What a client says.
 */
export type ClientFrame = { "type": "hello", 
/**
 * The protocol version the client speaks.
 */
version: number, 
/**
 * Name and version of the client, for the log (at most 64 bytes).
 */
client: string, 
/**
 * The personal event stream to resume, if the client has one.
 */
resume: Resume | null, } | { "type": "command", 
/**
 * Chosen by the client, unique among its unanswered commands.
 */
id: number, 
/**
 * Where.
 */
space: SpaceId, 
/**
 * What.
 */
command: Command, } | { "type": "person", 
/**
 * Chosen by the client, unique among its unanswered commands.
 */
id: number, 
/**
 * What.
 */
command: PersonCommand, } | { "type": "ping", 
/**
 * The client's clock, given back untouched, in milliseconds.
 */
t0_ms: number, };

/**
 * What the server says.
 */
export type ServerFrame = { "type": "hello", 
/**
 * The version that will be spoken.
 */
version: number, 
/**
 * This connection.
 */
connection: ConnectionId, 
/**
 * The device it belongs to.
 */
device: DeviceId, 
/**
 * Who the client is.
 */
me: Me, 
/**
 * Server time, milliseconds since the Unix epoch.
 */
server_time_ms: number, 
/**
 * Where the personal event stream stands.
 */
person: Resume, 
/**
 * Whether the asked resumption of the personal stream succeeded; if not, `me` is the new truth.
 */
resumed: boolean, } | { "type": "reply", 
/**
 * The command's id.
 */
id: number, 
/**
 * What came of it.
 */
ok?: Outcome, 
/**
 * Why it was declined.
 */
rejection?: Rejection, } | { "type": "event", 
/**
 * Where.
 */
space: SpaceId, 
/**
 * The stream's sequence number.
 */
seq: number, 
/**
 * What.
 */
event: Event, } | { "type": "person", 
/**
 * Whose stream; always one's own.
 */
user: UserId, 
/**
 * The stream's sequence number.
 */
seq: number, 
/**
 * What.
 */
event: PersonEvent, } | { "type": "pong", 
/**
 * The client's time stamp.
 */
t0_ms: number, 
/**
 * When the server received the ping (milliseconds since the Unix epoch, with fractions).
 */
t1_ms: number, 
/**
 * When the server sent this.
 */
t2_ms: number, } | { "type": "refused", 
/**
 * Why.
 */
rejection: Rejection, } | { "type": "goodbye", 
/**
 * Why.
 */
reason: GoodbyeReason, };

/**
 * Where a client's copy of an event stream ends.
 */
export type Resume = { 
/**
 * The stream's incarnation: it changes when a space is opened anew (restart, fault, move).
 */
epoch: string, 
/**
 * The last sequence number the client has.
 */
after: number, };

/**
 * Why the server closes a connection.
 */
export type GoodbyeReason = "slow_consumer" | "signed_out" | "stopping" | "misbehaviour" | "idle" | "unsupported_version";

/**
 * Signing in by name and password.
 */
export type SignIn = { 
/**
 * The account name.
 */
name: string, 
/**
 * The password.
 */
password: string, 
/**
 * What the device is called; browser and system where left out.
 */
device_name?: string, 
/**
 * A program: the answer holds a bearer token, and no cookie is set.
 */
program?: boolean, };

/**
 * Coming in as a guest.
 */
export type GuestEntry = { 
/**
 * The name people will read.
 */
display_name: string, 
/**
 * The room to enter.
 */
room: SpaceId, 
/**
 * The secret of a guest link, where the room asks for one.
 */
link?: string, 
/**
 * A program: the answer holds a bearer token, and no cookie is set.
 */
program?: boolean, };

/**
 * Making the first administrator with the one-time link's token.
 */
export type Setup = { 
/**
 * The token of the link printed at the first start.
 */
token: string, 
/**
 * The account name.
 */
name: string, 
/**
 * The password.
 */
password: string, };

/**
 * Who one is, and what the server offers.
 */
export type Session = { 
/**
 * Oneself; `null` when not signed in.
 */
me: Me | null, 
/**
 * This device; `null` when not signed in.
 */
device: DeviceId | null, 
/**
 * The bearer token, only in the answer to a program's sign-in, and only once.
 */
token?: string, 
/**
 * What the server offers.
 */
server: ServerOffers, };

/**
 * What the server offers to who isn't signed in.
 */
export type ServerOffers = { 
/**
 * The server's name, for the title.
 */
name: string, 
/**
 * Whether anybody may make an account.
 */
registration: boolean, 
/**
 * The name of the OpenID Connect provider, where one is configured.
 */
oidc: string | null, 
/**
 * Whether the first administrator still has to be made.
 */
setup_pending: boolean, };

/**
 * Making an account: by an administrator for somebody, or by oneself where registration is open.
 */
export type NewAccount = { 
/**
 * The account name.
 */
name: string, 
/**
 * The password.
 */
password: string, 
/**
 * The name people read; the account name where left out.
 */
display_name?: string, 
/**
 * May manage the server. (Only an administrator can give it.)
 */
administrator?: boolean, };

/**
 * Changing one's own account: what is left out stays.
 */
export type ChangeMe = { 
/**
 * The name people read.
 */
display_name?: string, 
/**
 * A new password; the current one goes with it.
 */
new_password?: string, 
/**
 * The current password.
 */
current_password?: string, };

/**
 * An account, as an administrator sees it.
 */
export type Account = { 
/**
 * What others see.
 */
profile: Profile, 
/**
 * May manage the server.
 */
administrator: boolean, 
/**
 * May not sign in.
 */
disabled: boolean, 
/**
 * When it was made.
 */
created_ms: number, };

/**
 * Changing an account, as an administrator: what is left out stays.
 */
export type ChangeAccount = { 
/**
 * May not sign in.
 */
disabled?: boolean, 
/**
 * May manage the server.
 */
administrator?: boolean, 
/**
 * A new password.
 */
new_password?: string, };

/**
 * A room, as one finds it.
 */
export type Room = { 
/**
 * Which.
 */
id: SpaceId, 
/**
 * Whose; its address is `/@` and the host's account name.
 */
host: Profile, 
/**
 * What it says of itself.
 */
about: About, 
/**
 * Where its broadcast stands.
 */
broadcast: Broadcast, 
/**
 * How many are there.
 */
audience: number, 
/**
 * Whether whoever asks may come in as they are (`false`: choose a guest name, or sign in).
 */
may_enter: boolean, 
/**
 * The address of a picture: of the stream while live, else the cover; relative to the origin.
 */
picture: string | null, 
/**
 * How many follow the host.
 */
followers: number, };

/**
 * The rooms that are live, most watched first.
 */
export type LiveRooms = { 
/**
 * Which.
 */
rooms: Array<Room>, };

/**
 * Rooms found, live ones first.
 */
export type FoundRooms = { 
/**
 * Which.
 */
rooms: Array<Room>, };

/**
 * Discussion groups of one's own.
 */
export type MyGroups = { 
/**
 * Them, the newest first.
 */
groups: Array<MyGroup>, };

/**
 * The ledger of host visits.
 */
export type VisitLedger = { 
/**
 * The visits that one made or had, the latest first.
 */
visits: Array<VisitEntry>, };

/**
 * People who were looked for.
 */
export type People = { 
/**
 * Them: friends first, then whom one follows, then everybody else.
 */
people: Array<Profile>, };

/**
 * Beginning a dialog. With one other it is *the* dialog with them, begun before or not.
 */
export type NewDialog = { 
/**
 * The others: one, or a few.
 */
with: Array<UserId>, 
/**
 * What it is called, where there are several; may be empty.
 */
title?: string, };

/**
 * Dialogs of one's own.
 */
export type Dialogs = { 
/**
 * Them: pinned ones first, then by what was said last, the newest first.
 */
dialogs: Array<Dialog>, 
/**
 * Whether there are more behind them.
 */
more: boolean, };

/**
 * Messages that were found.
 */
export type FoundMessages = { 
/**
 * Them, the newest first.
 */
found: Array<FoundMessage>, 
/**
 * Whether there are older ones.
 */
more: boolean, };

/**
 * A message that was found.
 */
export type FoundMessage = { 
/**
 * In which dialog.
 */
dialog: SpaceId, 
/**
 * All of it.
 */
message: Message, };

/**
 * How a room's broadcast can be watched without the web app's own connection.
 */
export type Watch = { 
/**
 * The address of the multivariant HLS playlist, relative to the origin; `null` while there is none.
 * It lets in whoever has it, for as long as `hls_until_ms` says.
 */
hls: string | null, 
/**
 * Until when the address lets in; ask anew before.
 */
hls_until_ms: number | null, 
/**
 * The WHEP endpoint, relative to the origin.
 */
whep: string, };

/**
 * What an encoder shows to send to a room.
 */
export type StreamKey = { 
/**
 * Which; it names the key when rotating or revoking it.
 */
id: StreamKeyId, 
/**
 * What its owner calls it.
 */
label: string, 
/**
 * The secret, only in the answer that makes it.
 */
secret?: string, 
/**
 * When it was made.
 */
created_ms: number, 
/**
 * When it was last used; `null`: never.
 */
used_ms: number | null, };

/**
 * Making a stream key.
 */
export type NewStreamKey = { 
/**
 * What its owner calls it; at most as long as a tag.
 */
label?: string, };

/**
 * The stream keys of a room, and where encoders send to.
 */
export type StreamKeys = { 
/**
 * Which.
 */
keys: Array<StreamKey>, 
/**
 * The address for RTMP, to which the key is added; `null`: this server takes none.
 */
rtmp: string | null, 
/**
 * The address for WHIP, where the key is the bearer token.
 */
whip: string, };

/**
 * Whom somebody follows, and who of them is live.
 */
export type Follows = { 
/**
 * Who.
 */
follows: Array<Profile>, 
/**
 * The rooms of those who are live.
 */
live: Array<Room>, };

/**
 * Videos, newest first.
 */
export type Videos = { 
/**
 * Which.
 */
videos: Array<Video>, 
/**
 * Whether there are older ones; ask with `before_ms` of the last one's `created_ms`.
 */
more: boolean, };

/**
 * Changing a video: what is left out stays.
 */
export type ChangeVideo = { 
/**
 * What it is called.
 */
title?: string, 
/**
 * Who may watch it. `link` makes a new link where there is none; `room` is for recordings only.
 */
audience?: VideoAudience, 
/**
 * Its chapters, all of them.
 */
chapters?: Array<Chapter>, 
/**
 * Make a new link in place of the old one, which lets in nobody any more.
 */
new_link?: boolean, };

/**
 * How far somebody has watched a film.
 */
export type Watched = { 
/**
 * Where they are, in milliseconds of media time.
 */
position_ms: number, 
/**
 * They have come to its end: it counts as seen from then on.
 */
seen?: boolean, };

/**
 * The films that are shared in a dialog, the newest first.
 */
export type DialogVideos = { 
/**
 * Which.
 */
videos: Array<DialogVideo>, 
/**
 * Whether there are older ones; ask with `before` the last one's position.
 */
more: boolean, };

/**
 * A film that is shared in a dialog.
 */
export type DialogVideo = { 
/**
 * The film.
 */
video: Video, 
/**
 * The message that carries it.
 */
position: number, 
/**
 * When it was shared, milliseconds since the Unix epoch.
 */
shared_ms: number, };

/**
 * What one's films take.
 */
export type Storage = { 
/**
 * In bytes, with what is on its way.
 */
used_bytes: number, 
/**
 * In bytes.
 */
max_bytes: number, 
/**
 * The largest file that is taken, in bytes.
 */
upload_max_bytes: number, };

/**
 * One's uploads that are not whole yet, the newest first.
 */
export type Uploads = { 
/**
 * Which.
 */
uploads: Array<Upload>, };

/**
 * A film on its way to the server.
 */
export type Upload = { 
/**
 * Which. Its address is `/api/uploads/{id}`.
 */
id: UploadId, 
/**
 * The film that it becomes.
 */
video: VideoId, 
/**
 * What its file is called.
 */
name: string, 
/**
 * How many bytes it has.
 */
bytes: number, 
/**
 * How many of them are here.
 */
received_bytes: number, 
/**
 * In which dialog it will be said.
 */
dialog: SpaceId | null, 
/**
 * Until when it may be gone on with, milliseconds since the Unix epoch; each part that comes makes it later.
 */
expires_ms: number, };

/**
 * An image that was sent, to be carried by a message.
 */
export type SentImage = { 
/**
 * Which.
 */
image: ImageId, 
/**
 * Width, in pixels.
 */
width: number, 
/**
 * Height, in pixels.
 */
height: number, 
/**
 * A tiny one, to be shown blurred: a `data:` URL.
 */
tiny: string, 
/**
 * Whether it moves.
 */
moving: boolean, };

/**
 * Somebody with an account, as whoever asks may see them.
 */
export type PersonPage = { 
/**
 * Who.
 */
profile: Profile, 
/**
 * Their room.
 */
room: SpaceId | null, 
/**
 * Whether they are live in it.
 */
live: boolean, 
/**
 * How whoever asks stands to them.
 */
relation: Relation, };

/**
 * How somebody stands to somebody else.
 */
export type Relation = { 
/**
 * It is oneself.
 */
me: boolean, 
/**
 * They are friends.
 */
friends: boolean, 
/**
 * One has asked them to be friends.
 */
asked: boolean, 
/**
 * They have asked one to be friends.
 */
asks: boolean, 
/**
 * One follows them.
 */
follows: boolean, 
/**
 * One has blocked them.
 */
blocked: boolean, };

/**
 * The chat of a film, in order of media time.
 */
export type MediaMessages = { 
/**
 * The messages; `media_ms` of each is the time in the film.
 */
messages: Array<Message>, 
/**
 * Whether there are later ones; ask with `after_ms` and `after_position` of the last one.
 */
more: boolean, };

/**
 * A page of the audit log, newest first.
 */
export type AuditPage = { 
/**
 * Its lines.
 */
entries: Array<AuditEntry>, 
/**
 * Whether there are older ones; ask with `before` the last one's number.
 */
more: boolean, };

/**
 * Reports, newest first.
 */
export type Reports = { 
/**
 * Which.
 */
reports: Array<Report>, 
/**
 * Whether there are older ones.
 */
more: boolean, };

/**
 * A page of a conversation, oldest first.
 */
export type MessagePage = { 
/**
 * The messages.
 */
messages: Array<Message>, 
/**
 * Whether there are more in the direction asked for.
 */
more: boolean, };

/**
 * A link that lets guests into a room.
 */
export type GuestLink = { 
/**
 * Which; it names the link when revoking it.
 */
id: GuestLinkId, 
/**
 * The secret in the address, only in the answer that makes it.
 */
secret?: string, 
/**
 * Until when it lets in; `null`: until revoked.
 */
expires_ms: number | null, 
/**
 * When it was made.
 */
created_ms: number, };

/**
 * Making a guest link.
 */
export type NewGuestLink = { 
/**
 * For how many seconds it lets in; `null`: until revoked.
 */
lifetime_s?: number, };

/**
 * Whom somebody has blocked.
 */
export type Blocks = { 
/**
 * Who.
 */
blocked: Array<Profile>, };

/**
 * The devices of a user.
 */
export type Devices = { 
/**
 * Which.
 */
devices: Array<Device>, };

/**
 * The accounts of the server, in order of name.
 */
export type Accounts = { 
/**
 * Which.
 */
accounts: Array<Account>, 
/**
 * Where to continue, if there are more.
 */
next: UserId | null, };

