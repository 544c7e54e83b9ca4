/** The light that a picture throws on the wall behind it: the picture itself, very small, drawn now and then. */
const DRAW_EVERY_MS = 400;
/** How much of each new drawing is laid over the old, so that light changes softly. */
const BLEND = 0.4;

export function castLight(videoOf: () => HTMLVideoElement | undefined) {
  return (canvas: HTMLCanvasElement): (() => void) | void => {
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    const context = canvas.getContext('2d');
    if (!context) return;
    const timer = setInterval(() => {
      const video = videoOf();
      if (video && video.videoWidth > 0 && document.visibilityState === 'visible') {
        context.drawImage(video, 0, 0, canvas.width, canvas.height);
        context.globalAlpha = BLEND;
      }
    }, DRAW_EVERY_MS);
    return () => clearInterval(timer);
  };
}
