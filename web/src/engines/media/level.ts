/** How loud a microphone is. */

/** Readings a second. */
export const READINGS_PER_SECOND = 20;
/** Shown as nothing. */
export const QUIETEST_DB = -60;
/** Shown as full. */
export const LOUDEST_DB = -6;
/** Of the last reading, what stays in the next where the sound falls off: the bar sinks, and doesn't flicker. */
const FALL = 0.75;

/** Loudness on a perceptual scale, 0 to 1, of samples between -1 and 1. */
export function loudness(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const level_db = 10 * Math.log10(sum / Math.max(1, samples.length) + 1e-12);
  return Math.min(1, Math.max(0, (level_db - QUIETEST_DB) / (LOUDEST_DB - QUIETEST_DB)));
}

/** Tells the level of a track until what it returns is called. */
export function meter(track: MediaStreamTrack, tell: (level: number) => void): () => void {
  const context = new AudioContext({ latencyHint: 'interactive' });
  const source = context.createMediaStreamSource(new MediaStream([track]));
  const analyser = context.createAnalyser();
  analyser.fftSize = 2_048;
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let level = 0;
  const timer = setInterval(() => {
    // A page that has not been touched yet may not run sound, which is no silence.
    if (context.state === 'suspended') void context.resume();
    analyser.getFloatTimeDomainData(samples);
    level = Math.max(loudness(samples), level * FALL);
    tell(level);
  }, 1_000 / READINGS_PER_SECOND);
  return () => {
    clearInterval(timer);
    source.disconnect();
    void context.close();
    tell(0);
  };
}
