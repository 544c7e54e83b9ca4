/** Cameras, microphones and screens of this device. What a browser or a person declines comes back typed. */

export type CaptureFault = 'denied' | 'no_device' | 'in_use' | 'insecure' | 'failed';

export type Captured =
  | { readonly ok: true; readonly tracks: readonly MediaStreamTrack[] }
  | { readonly ok: false; readonly fault: CaptureFault };

export interface Device {
  readonly id: string;
  readonly label: string;
}

/** What a camera is asked for; it gives what it has. */
export const CAMERA_WIDTH_PX = 1_280;
export const CAMERA_HEIGHT_PX = 720;
export const FRAMES_PER_SECOND = 30;

export function faultOf(error: unknown): CaptureFault {
  switch (error instanceof Error || error instanceof DOMException ? error.name : '') {
    case 'NotAllowedError': case 'SecurityError': return 'denied';
    case 'NotFoundError': case 'OverconstrainedError': return 'no_device';
    case 'NotReadableError': case 'AbortError': return 'in_use';
    default: return 'failed';
  }
}

async function captured(open: (() => Promise<MediaStream>) | undefined): Promise<Captured> {
  if (!open) return { ok: false, fault: 'insecure' };
  try {
    return { ok: true, tracks: (await open()).getTracks() };
  } catch (error) {
    return { ok: false, fault: faultOf(error) };
  }
}

/** Browsers give no devices to pages that came neither over HTTPS nor from this machine. */
function mediaDevices(): MediaDevices | undefined {
  return navigator.mediaDevices as MediaDevices | undefined;
}

/** A device that is gone is no reason to have none: then another is taken. */
async function preferring(id: string | null, open: (exactly: string | null) => Promise<Captured>): Promise<Captured> {
  const first = await open(id);
  return !first.ok && first.fault === 'no_device' && id !== null ? open(null) : first;
}

export function openCamera(id: string | null): Promise<Captured> {
  const devices = mediaDevices();
  return preferring(id, (exactly) => captured(devices && (() => devices.getUserMedia({
    video: {
      width: { ideal: CAMERA_WIDTH_PX },
      height: { ideal: CAMERA_HEIGHT_PX },
      frameRate: { ideal: FRAMES_PER_SECOND },
      ...(exactly === null ? {} : { deviceId: { exact: exactly } }),
    },
  }))));
}

export function openMicrophone(id: string | null): Promise<Captured> {
  const devices = mediaDevices();
  return preferring(id, (exactly) => captured(devices && (() => devices.getUserMedia({
    audio: {
      echoCancellation: true,
      noiseSuppression: true,
      autoGainControl: true,
      ...(exactly === null ? {} : { deviceId: { exact: exactly } }),
    },
  }))));
}

export function canShareScreen(): boolean {
  return typeof mediaDevices()?.getDisplayMedia === 'function';
}

/** Must be called within a touch or key press. */
export function openScreen(): Promise<Captured> {
  const devices = mediaDevices();
  return captured(devices && (() => devices.getDisplayMedia({
    video: { frameRate: { ideal: FRAMES_PER_SECOND } },
    audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
  })));
}

export async function devicesOf(kind: 'videoinput' | 'audioinput'): Promise<Device[]> {
  const all = await mediaDevices()?.enumerateDevices().catch(() => []);
  // Before leave was given there are devices without ids, which can't be chosen.
  return (all ?? []).filter((one) => one.kind === kind && one.deviceId !== '').map((one) => ({ id: one.deviceId, label: one.label }));
}

/** Calls when a device is plugged in or out. Returns what undoes it. */
export function onDeviceChange(listener: () => void): () => void {
  const devices = mediaDevices();
  devices?.addEventListener('devicechange', listener);
  return () => devices?.removeEventListener('devicechange', listener);
}
