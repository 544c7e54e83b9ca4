import { describe, expect, it } from 'vitest';
import { HISTORY_MS, type HealthSample } from '../studio_model';
import { GAP_MS, LEAST_TOP_BPS, plotOf } from './health_plot';

const at = (at_ms: number, bitrate_bps: number): HealthSample => ({ at_ms, bitrate_bps, fps: 30, lost_percent: 0 });
const NOW = 1_000_000;

describe('the plot of a broadcast', () => {
  it('ends at the right, two minutes wide, zero at the foot', () => {
    const { lines } = plotOf([at(NOW - HISTORY_MS / 2, 0), at(NOW - HISTORY_MS / 2 + 1_000, 0)], NOW, 120, 50);
    expect(lines).toEqual(['60.0,50.0 61.0,50.0']);
    expect(plotOf([at(NOW, 0)], NOW, 120, 50).lines).toEqual(['120.0,50.0']);
  });
  it('leaves a gap where nothing was told', () => {
    expect(plotOf([at(NOW - 20_000, 1e6), at(NOW - 20_000 + GAP_MS + 1, 1e6), at(NOW - 13_000, 1e6)], NOW, 100, 10).lines).toHaveLength(2);
    expect(plotOf([at(NOW - GAP_MS, 1e6), at(NOW, 1e6)], NOW, 100, 10).lines).toHaveLength(1);
  });
  it('says least and most, keeps the line inside, and forgets what is older', () => {
    const plot = plotOf([at(NOW - HISTORY_MS - 1, 9e9), at(NOW - 2_000, 2e6), at(NOW - 1_000, 3e6)], NOW, 100, 100);
    expect([plot.least_bps, plot.most_bps]).toEqual([2e6, 3e6]);
    for (const point of plot.lines.join(' ').split(' ')) expect(Number(point.split(',')[1])).toBeGreaterThan(0);
  });
  it('does not blow a little up', () => expect(plotOf([at(NOW, 20_000)], NOW, 100, 100).top_bps).toBe(LEAST_TOP_BPS));
  it('of nothing is nothing', () => expect(plotOf([], NOW, 100, 100)).toEqual({ lines: [], top_bps: LEAST_TOP_BPS, least_bps: 0, most_bps: 0 }));
});
