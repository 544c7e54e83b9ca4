/** Reports and the log of who did what, as their views need them. */
import type { Loaded, Outcome, Person } from '../people/model';

export interface ReportedMessage {
  readonly position: number;
  readonly text: string;
  readonly at_ms: number;
}

export interface Report {
  readonly id: string;
  readonly by: Person;
  readonly about: Person;
  /** Null: the person is reported. */
  readonly message: ReportedMessage | null;
  /** May be empty. */
  readonly reason: string;
  readonly at_ms: number;
  readonly settled: boolean;
}

/** How far a list that comes in pages is. */
export type More = 'none' | 'more' | 'loading' | 'failed';

export interface ReportsModel extends Loaded {
  /** Newest first. */
  readonly reports: readonly Report[];
  readonly more: More;
  loadMore(): void;
  settle(id: string): Promise<Outcome>;
  deleteMessage(report: Report): Promise<Outcome>;
  mute(report: Report): Promise<Outcome>;
  remove(report: Report): Promise<Outcome>;
  ban(report: Report): Promise<Outcome>;
}

export interface AuditLine {
  readonly number: number;
  readonly by: Person;
  /** As the server names it; a newer one may know others than this client. */
  readonly action: string;
  /** Whom it was done to, where it was a person who is known here. */
  readonly who: string | null;
  /** As it was written down. */
  readonly subject: string;
  readonly at_ms: number;
}

export interface AuditModel extends Loaded {
  /** Newest first. */
  readonly lines: readonly AuditLine[];
  readonly more: More;
  loadMore(): void;
}

export interface ModerationModel {
  /** Reports that nobody has settled, as far as they are known here. */
  readonly open: number;
  reports(): Promise<ReportsModel>;
  audit(): Promise<AuditModel>;
  /** In a live room: the discussion groups that there are, and ending one. */
  readonly groups?: {
    /** Null when they couldn't be read. */
    list(): Promise<readonly { readonly id: string; readonly members: number; readonly since_ms: number; readonly reports: number }[] | null>;
    dissolve(id: string): Promise<Outcome>;
  };
}
