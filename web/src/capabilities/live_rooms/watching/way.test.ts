import { describe, expect, it } from 'vitest';
import {
  BELIEVED_AFTER_MS, FIRST_RETRY_MS, FLOWS_WITHIN_MS, FORGIVEN_AFTER_MS, HLS_RESTS_MS, LONGEST_RETRY_MS, LOSSES_MAX, STARVES_FOR_MS, WayMachine, type Ways,
} from './way';

/** A machine with a world around it: what it runs answers after a while, as the world is told to. */
class World {
  machine = new WayMachine();
  now_ms = 0;
  webrtcWorks = true;
  hlsWorks = true;
  ways: Ways;
  /** Whether what was shown had a picture at every moment since one first had. */
  everBlack = false;
  #webrtcSince: number | null = null;
  #hlsSince: number | null = null;
  #had = false;

  constructor(available = true) {
    this.machine.setAvailable(available);
    this.machine.begin(0);
    this.ways = this.machine.now(0);
  }

  run(span_ms: number): Ways {
    const end = this.now_ms + span_ms;
    for (; this.now_ms < end; this.now_ms += 100) this.step();
    return this.ways;
  }

  step(): void {
    const { ways, now_ms } = this;
    this.#webrtcSince = ways.webrtc ? (this.#webrtcSince ?? now_ms) : null;
    this.#hlsSince = ways.hls ? (this.#hlsSince ?? now_ms) : null;
    const flows = this.#webrtcSince !== null && now_ms - this.#webrtcSince >= 500 && this.webrtcWorks;
    const plays = this.#hlsSince !== null && now_ms - this.#hlsSince >= 1_500;
    this.machine.webrtc(this.#webrtcSince === null ? 'off' : flows ? 'flowing' : 'connecting', now_ms);
    this.machine.hls(this.#hlsSince === null ? 'off' : !plays ? 'loading' : this.hlsWorks ? 'playing' : 'failed', now_ms);
    this.ways = this.machine.now(now_ms);
    const picture = this.ways.shown === 'webrtc' ? flows : plays && this.hlsWorks;
    this.#had ||= picture;
    if (this.#had && !picture && this.webrtcWorks && this.hlsWorks) this.everBlack = true;
  }

  /** Until WebRTC is tried, from HLS. */
  untilTried(most_ms: number): number {
    const from = this.now_ms;
    while (!this.ways.webrtc && this.now_ms - from < most_ms) this.run(100);
    return this.now_ms - from;
  }
}

describe('the way to watch', () => {
  it('does not blame WebRTC for a host who sends nothing yet', () => {
    const world = new World();
    world.webrtcWorks = false;
    world.machine.setSent(false, 0);
    expect(world.run(3 * FLOWS_WITHIN_MS)).toMatchObject({ webrtc: true, shown: 'webrtc', fellBack: false });
    world.webrtcWorks = true;
    world.machine.setSent(true, world.now_ms);
    expect(world.run(1_000)).toMatchObject({ webrtc: true, hls: false, shown: 'webrtc', fellBack: false });
    world.webrtcWorks = false;
    world.machine.webrtc('connecting', world.now_ms);
    expect(world.run(2 * FLOWS_WITHIN_MS)).toMatchObject({ shown: 'hls', fellBack: true });
  });

  it('is WebRTC where it works, and HLS is left alone', () => {
    const world = new World();
    expect(world.run(60_000)).toMatchObject({ shown: 'webrtc', webrtc: true, hls: false, fellBack: false });
    expect(world.ways.again_ms).toBe(Infinity);
  });

  it('is HLS alone for who has not come in, and goes on without a gap when they do', () => {
    const world = new World();
    world.machine.setOutside(true);
    for (let at = 0; at < 600; at += 1) {
      world.step();
      expect(world.ways.webrtc, `at ${world.now_ms}`).toBe(false);
      world.now_ms += 100;
    }
    expect(world.ways).toMatchObject({ shown: 'hls', hls: true, fellBack: false });
    world.machine.setOutside(false);
    expect(world.run(1_000)).toMatchObject({ shown: 'webrtc', webrtc: true, hls: false });
    expect(world.everBlack).toBe(false);
  });

  it('is not given up for who has just come in where it is lost once, and is where it does not come', () => {
    const world = new World();
    world.machine.setOutside(true);
    world.run(5_000);
    world.machine.setOutside(false);
    world.run(300);
    world.machine.webrtc('interrupted', world.now_ms);
    expect(world.run(2_000)).toMatchObject({ shown: 'webrtc', webrtc: true });
    const without = new World();
    without.machine.setOutside(true);
    without.run(5_000);
    without.webrtcWorks = false;
    without.machine.setOutside(false);
    expect(without.run(FLOWS_WITHIN_MS + 500)).toMatchObject({ shown: 'hls', webrtc: false, hls: true, fellBack: true });
  });

  it('is none for who has not come in where there is no HLS', () => {
    const world = new World(false);
    world.machine.setOutside(true);
    expect(world.run(10_000)).toMatchObject({ webrtc: false, hls: false });
    world.machine.setAvailable(true);
    world.hlsWorks = false;
    world.run(3_000);
    expect(world.ways).toMatchObject({ webrtc: false, hls: false });
    world.hlsWorks = true;
    expect(world.run(HLS_RESTS_MS + 3_000)).toMatchObject({ shown: 'hls', hls: true, webrtc: false });
  });

  it('is HLS where WebRTC does not connect in time, and not a moment sooner', () => {
    const world = new World();
    world.webrtcWorks = false;
    expect(world.run(FLOWS_WITHIN_MS - 100).hls).toBe(false);
    expect(world.run(200)).toMatchObject({ webrtc: true, hls: true, shown: 'webrtc' });
    expect(world.run(2_000)).toMatchObject({ webrtc: false, hls: true, shown: 'hls', fellBack: true });
  });

  it('stays WebRTC however long it takes, where there is nothing else', () => {
    const world = new World(false);
    world.webrtcWorks = false;
    expect(world.run(120_000)).toMatchObject({ webrtc: true, hls: false, shown: 'webrtc' });
  });

  it('is tried again after a minute, then two, four, and never later than the longest', () => {
    const world = new World();
    world.webrtcWorks = false;
    world.run(FLOWS_WITHIN_MS + 3_000);
    let wait = FIRST_RETRY_MS;
    for (let tries = 0; tries < 7; tries += 1) {
      const waited = world.untilTried(2 * LONGEST_RETRY_MS);
      expect(waited).toBeGreaterThan(wait - 10_000);
      expect(waited).toBeLessThanOrEqual(wait);
      // While it is tried the picture stays.
      expect(world.run(FLOWS_WITHIN_MS - 200)).toMatchObject({ webrtc: true, hls: true, shown: 'hls' });
      expect(world.run(500)).toMatchObject({ webrtc: false, hls: true, shown: 'hls' });
      wait = Math.min(LONGEST_RETRY_MS, wait * 2);
    }
  });

  it('comes back by itself, without a black frame, once it has flowed for a while', () => {
    const world = new World();
    world.webrtcWorks = false;
    world.run(FLOWS_WITHIN_MS + 3_000);
    world.untilTried(2 * FIRST_RETRY_MS);
    world.webrtcWorks = true;
    world.run(500 + BELIEVED_AFTER_MS - 300);
    expect(world.ways).toMatchObject({ shown: 'hls', webrtc: true, hls: true });
    expect(world.run(600)).toMatchObject({ shown: 'webrtc', webrtc: true, hls: false });
    expect(world.everBlack).toBe(false);
  });

  it('is not tried while nobody sees the page', () => {
    const world = new World();
    world.webrtcWorks = false;
    world.run(FLOWS_WITHIN_MS + 3_000);
    world.machine.setVisible(false);
    expect(world.untilTried(LONGEST_RETRY_MS)).toBe(LONGEST_RETRY_MS);
    world.machine.setVisible(true);
    expect(world.untilTried(1_000)).toBeLessThan(300);
  });

  it('is HLS where WebRTC is lost again and again', () => {
    const world = new World();
    for (let lost = 0; lost < LOSSES_MAX; lost += 1) {
      expect(world.run(3_000)).toMatchObject({ shown: 'webrtc', hls: false });
      world.webrtcWorks = false;
      world.run(1_000);
      world.webrtcWorks = true;
    }
    expect(world.run(3_000)).toMatchObject({ shown: 'hls', webrtc: false });
  });

  it('forgives losses that are far apart', () => {
    const world = new World();
    for (let lost = 0; lost < 2 * LOSSES_MAX; lost += 1) {
      world.run(40_000);
      world.webrtcWorks = false;
      world.run(1_000);
      world.webrtcWorks = true;
    }
    expect(world.run(3_000)).toMatchObject({ shown: 'webrtc', hls: false });
  });

  it('is HLS where the bandwidth keeps starving WebRTC', () => {
    const world = new World();
    world.run(5_000);
    world.machine.starving(true, world.now_ms);
    world.run(STARVES_FOR_MS - 200);
    world.machine.starving(false, world.now_ms);
    world.machine.starving(true, world.now_ms);
    expect(world.run(STARVES_FOR_MS - 200)).toMatchObject({ shown: 'webrtc', hls: false });
    expect(world.run(3_000)).toMatchObject({ shown: 'hls', webrtc: false });
    expect(world.everBlack).toBe(false);
  });

  it('goes back in time by HLS, and to the live picture without a black frame', () => {
    const world = new World();
    world.run(5_000);
    world.machine.setPast(true);
    expect(world.run(1_000)).toMatchObject({ shown: 'webrtc', webrtc: true, hls: true });
    expect(world.run(2_000)).toMatchObject({ shown: 'hls', webrtc: false, fellBack: false });
    expect(world.run(10 * FIRST_RETRY_MS)).toMatchObject({ shown: 'hls', webrtc: false });
    world.machine.setPast(false);
    expect(world.run(500)).toMatchObject({ shown: 'hls', webrtc: true });
    expect(world.run(4_000)).toMatchObject({ shown: 'webrtc', hls: false });
    expect(world.everBlack).toBe(false);
  });

  it('is as the viewer wishes', () => {
    const world = new World();
    world.run(5_000);
    world.machine.setWish('stable', world.now_ms);
    expect(world.run(3_000)).toMatchObject({ shown: 'hls', webrtc: false, fellBack: false });
    expect(world.run(2 * LONGEST_RETRY_MS)).toMatchObject({ shown: 'hls', webrtc: false });
    world.machine.setWish('fastest', world.now_ms);
    expect(world.run(4_000)).toMatchObject({ shown: 'webrtc', hls: false });
    world.webrtcWorks = false;
    expect(world.run(60_000)).toMatchObject({ shown: 'webrtc', webrtc: true, hls: false });
    world.machine.setWish('auto', world.now_ms);
    expect(world.run(FLOWS_WITHIN_MS + 3_000)).toMatchObject({ shown: 'hls' });
  });

  it('is WebRTC while HLS fails, and HLS is tried again', () => {
    const world = new World();
    world.webrtcWorks = false;
    world.hlsWorks = false;
    world.run(FLOWS_WITHIN_MS + 3_000);
    expect(world.ways).toMatchObject({ shown: 'webrtc', webrtc: true, hls: false });
    world.hlsWorks = true;
    expect(world.run(HLS_RESTS_MS + FLOWS_WITHIN_MS + 3_000)).toMatchObject({ shown: 'hls' });
  });

  it('forgets old failures once WebRTC has held for long', () => {
    const world = new World();
    world.webrtcWorks = false;
    world.run(FLOWS_WITHIN_MS + 3_000);
    for (let tries = 0; tries < 3; tries += 1) {
      world.untilTried(2 * LONGEST_RETRY_MS);
      world.run(FLOWS_WITHIN_MS + 500);
    }
    world.webrtcWorks = true;
    world.untilTried(2 * LONGEST_RETRY_MS);
    world.run(FORGIVEN_AFTER_MS + 10_000);
    expect(world.ways.shown).toBe('webrtc');
    world.webrtcWorks = false;
    world.run(FLOWS_WITHIN_MS + 3_000);
    expect(world.ways.shown).toBe('hls');
    expect(world.untilTried(2 * LONGEST_RETRY_MS)).toBeLessThanOrEqual(FIRST_RETRY_MS);
  });

  it('says when to be asked again: nothing is missed by asking only then', () => {
    const machine = new WayMachine();
    machine.setAvailable(true);
    machine.begin(0);
    expect(machine.now(0).again_ms).toBe(FLOWS_WITHIN_MS);
    machine.webrtc('connecting', 0);
    expect(machine.now(FLOWS_WITHIN_MS)).toMatchObject({ hls: true });
    machine.hls('playing', 7_000);
    expect(machine.now(7_000)).toMatchObject({ shown: 'hls', again_ms: FLOWS_WITHIN_MS + FIRST_RETRY_MS });
    expect(machine.now(FLOWS_WITHIN_MS + FIRST_RETRY_MS).webrtc).toBe(true);
  });
});
