/** What other hosts ask of me: its code comes with the first of them, and nothing is heard out of turn meanwhile. */
import type { InvitationEvent, Invitations } from '../capabilities/host_visits/invitations.svelte';

export class InvitationsSoon {
  current = $state.raw<Invitations | null>(null);
  #opening: Promise<Invitations> | null = null;

  constructor(private readonly open: () => Promise<Invitations>) {}

  heard(event: InvitationEvent): void {
    // The end of what was never begun needs nobody.
    if (event.kind === 'visit_invitation_over' && this.#opening === null) return;
    this.#opening ??= this.open();
    void this.#opening.then((invitations) => {
      this.current = invitations;
      invitations.heard(event);
    });
  }
}
