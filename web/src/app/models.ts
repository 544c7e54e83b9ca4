/**
 * Everything the screens stand on, in one place.
 * The app is mounted with one of these: the real one (`wiring.ts`) or the gallery's samples.
 */
import type { DialogsModel, FriendsModel } from '../capabilities/dialogs/model';
import type { PastGroupsModel } from '../capabilities/discussion_groups/past.svelte';
import type { InvitationsModel, LedgerModel } from '../capabilities/host_visits/model';
import type { FrontPageModel, RoomModel } from '../capabilities/live_rooms/model';
import type { AdminModel, PersonPageModel, SessionModel, SettingsModel } from '../capabilities/people/model';
import type { SendingModel } from '../capabilities/sending/model';
import type { LibraryModel, VideoModel } from '../capabilities/videos/model';
import type { NoticesModel } from './notices.svelte';

export interface Models {
  readonly session: SessionModel;
  readonly notices: NoticesModel;
  /** What other hosts ask of me; null while none has. */
  readonly visitInvitations: { readonly current: InvitationsModel | null };
  /** `current` is null until its code is here. */
  readonly dialogs: { readonly current: DialogsModel | null; open(): Promise<DialogsModel> };
  /** What is on its way into dialogs. */
  sending(): Promise<SendingModel>;
  frontPage(): Promise<FrontPageModel>;
  /** Resolves once its code is here, not once the room is; the model says how far it is. */
  room(hostName: string): Promise<RoomModel>;
  /** @param link the secret of its link, where one has it by that */
  video(id: string, link: string | null): Promise<VideoModel>;
  library(): Promise<LibraryModel>;
  person(name: string): Promise<PersonPageModel>;
  settings(): Promise<SettingsModel>;
  pastGroups(): Promise<PastGroupsModel>;
  friends(): Promise<FriendsModel>;
  ledger(): Promise<LedgerModel>;
  admin(): Promise<AdminModel>;
}
