import type { Place } from '../model';
import type { Density } from '../settings';

const places: Record<Place, string> = { scroll: 'Across', top: 'At the top', bottom: 'At the bottom' };
const densities: Record<Density, string> = { few: 'Few', some: 'Some', many: 'Many' };
const colorNames = ['White', 'Yellow', 'Orange', 'Red', 'Pink', 'Violet', 'Blue', 'Cyan', 'Green', 'Lime'];

const en = {
  on: 'Show floating messages',
  off: 'Hide floating messages',
  settings: 'Floating messages',
  show: 'Messages float over the picture',
  lessMotion: 'You asked for less motion, so a few stand still instead of moving.',
  area: 'Part of the picture',
  areas: ['A quarter', 'Half', 'Three quarters', 'All'],
  density: 'How many',
  densities,
  opacity: 'Opacity',
  size: 'Size',
  speed: 'Speed',
  times: (value: string) => `${value}×`,
  colors: 'In colours',
  top: 'Those at the top',
  bottom: 'Those at the bottom',
  words: 'Leave out messages with',
  wordsHint: 'A word or a few. Only you don’t see them float; the chat still shows them.',
  addWord: 'Add',
  removeWord: (word: string) => `Show messages with “${word}” again`,
  reset: 'Reset',
  compose: {
    open: 'How it floats',
    floats: 'Float over the picture',
    chatOnly: 'Only in the chat',
    color: 'Colour',
    colorNames,
    place: 'Where',
    places,
  },
};

export type Messages = typeof en;
export default en;
