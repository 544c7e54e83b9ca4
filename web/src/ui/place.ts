/** Space kept between a menu and the edge of the window. */
const MARGIN_PX = 8;

/** Puts an open popover under (or above) its button, aligned to its end, and keeps it inside the window. */
export function placeBeside(menu: HTMLElement, button: HTMLElement, upward: boolean): void {
  const anchor = button.getBoundingClientRect();
  const width = menu.offsetWidth;
  const height = menu.offsetHeight;
  const below = anchor.bottom + 4;
  const above = anchor.top - 4 - height;
  const fitsBelow = below + height <= innerHeight - MARGIN_PX;
  const top = upward ? (above >= MARGIN_PX ? above : below) : (fitsBelow ? below : above);
  const left = anchor.left + width <= innerWidth - MARGIN_PX && anchor.left < innerWidth / 2 ? anchor.left : anchor.right - width;
  menu.style.left = `${Math.max(MARGIN_PX, Math.min(left, innerWidth - width - MARGIN_PX))}px`;
  menu.style.top = `${Math.max(MARGIN_PX, Math.min(top, innerHeight - height - MARGIN_PX))}px`;
}
