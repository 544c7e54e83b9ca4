/** What the studio of one room lends to the stage of another: copies, which may be stopped without a loss. */
export interface Lent {
  readonly copies: ReadonlyMap<'camera' | 'microphone', MediaStreamTrack>;
  /** The microphone was off. */
  readonly silent: boolean;
  readonly cameraId: string | null;
  readonly microphoneId: string | null;
  /** What a person turns on and off there holds at home, too. */
  said(camera: boolean, microphone: boolean): void;
}
