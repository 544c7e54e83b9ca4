/** Pictures made here, so that a gallery needs no camera and no file: a lit scene that moves a little. */
interface Palette {
  readonly sky: string;
  readonly low: string;
  readonly light: string;
  readonly shape: string;
}

export const PALETTES: readonly Palette[] = [
  { sky: '#1b1430', low: '#c2542e', light: '#ffc46b', shape: '#120b18' },
  { sky: '#0d2a33', low: '#3e8f86', light: '#f3f0c8', shape: '#061619' },
  { sky: '#2a1a12', low: '#8a4a22', light: '#ffd9a0', shape: '#150b06' },
  { sky: '#10192e', low: '#4a62a8', light: '#cfe0ff', shape: '#080d19' },
  { sky: '#241226', low: '#a1447a', light: '#ffd0e0', shape: '#120814' },
  { sky: '#142012', low: '#5c8a3a', light: '#eaffb0', shape: '#0a1208' },
];

function paint(context: CanvasRenderingContext2D, palette: Palette, at: number): void {
  const { width, height } = context.canvas;
  const sky = context.createLinearGradient(0, 0, 0, height);
  sky.addColorStop(0, palette.sky);
  sky.addColorStop(0.72, palette.low);
  sky.addColorStop(1, palette.shape);
  context.fillStyle = sky;
  context.fillRect(0, 0, width, height);
  const x = width * (0.62 + 0.03 * Math.sin(at));
  const y = height * 0.56;
  const glow = context.createRadialGradient(x, y, 0, x, y, height * 0.6);
  glow.addColorStop(0, palette.light);
  glow.addColorStop(0.14, palette.light);
  glow.addColorStop(0.16, `${palette.light}66`);
  glow.addColorStop(1, `${palette.light}00`);
  context.fillStyle = glow;
  context.fillRect(0, 0, width, height);
  context.fillStyle = palette.shape;
  for (const [base, lift, pace] of [[0.78, 0.10, 3.1], [0.88, 0.07, 5.3]] as const) {
    context.globalAlpha = base < 0.8 ? 0.72 : 1;
    context.beginPath();
    context.moveTo(0, height);
    for (let step = 0; step <= 48; step += 1) {
      const part = step / 48;
      context.lineTo(part * width, height * (base - lift * Math.sin(part * pace + base * 9) * Math.cos(part * 2)));
    }
    context.lineTo(width, height);
    context.fill();
  }
  context.globalAlpha = 1;
}

/** A still as an address. */
export function still(palette: Palette, width_px = 640, height_px = 360): string {
  const canvas = document.createElement('canvas');
  canvas.width = width_px;
  canvas.height = height_px;
  const context = canvas.getContext('2d');
  if (!context) return '';
  paint(context, palette, 0);
  return canvas.toDataURL('image/jpeg', 0.85);
}

/** Plays a scene in a video until the returned function is called. */
export function playScene(video: HTMLVideoElement, palette: Palette): () => void {
  const canvas = document.createElement('canvas');
  canvas.width = 1280;
  canvas.height = 720;
  const context = canvas.getContext('2d');
  if (!context) return () => {};
  let at = 0;
  const draw = () => { at += 0.2; paint(context, palette, at); };
  draw();
  const timer = setInterval(draw, 100);
  const stream = canvas.captureStream(15);
  video.srcObject = stream;
  void video.play().catch(() => {});
  return () => {
    clearInterval(timer);
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  };
}
