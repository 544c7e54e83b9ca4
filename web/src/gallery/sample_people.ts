import type { Author, Role } from '../capabilities/conversation/model';
import type { Me } from '../capabilities/people/model';

export function author(name: string, displayName: string, role: Role = 'member'): Author {
  return { id: `user_${name}`, name, displayName, guest: role === 'guest', role };
}

export const MIRA = author('mira', 'Mira Halvorsen', 'host');
export const ANA: Me = { id: 'user_ana', name: 'ana', displayName: 'Ana Petrović', guest: false, administrator: true };
export const GUEST: Me = { id: 'user_guest7', name: 'guest7', displayName: 'Kofi', guest: true, administrator: false };

export const CROWD: readonly Author[] = [
  MIRA,
  author('jonas', 'Jonas', 'moderator'),
  author('ana', 'Ana Petrović'),
  author('lin', '林晓雨'),
  author('wang', '王建国'),
  author('tomas', 'Tomás de la Fuente y Garcilaso'),
  author('zed', 'Donaudampfschifffahrtsgesellschaftskapitän'),
  author('noor', 'نور الهدى'),
  author('priya', 'Priya'),
  author('kofi', 'Kofi', 'guest'),
  author('sam', 'sam'),
  author('yuki', 'ゆき'),
  author('olena', 'Олена'),
  author('ben', 'Ben Okafor'),
];

const NOW_MS = Date.now();
const said = [
  'That glaze came out so much warmer than last week', 'Is it the same clay?', 'yes! just a slower cooling, about nine hours',
  '窑温是多少？看起来颜色很深', '大概 1240 度，最后一小时降得很慢', 'The light on the rim 😍', 'can you turn it towards the window once more',
  'I tried this at home and cracked two bowls', 'Happens to everyone. Dry them slower, under a cloth', 'Notes from last time: https://pots.example/glaze/ash?batch=14',
  'hello from Accra', '今天来晚了，错过了开窑', '@ana the recording of the opening is in the library', 'thank you!!', 'What a sound when it cooled',
] as const;

/** The n-th line of an endless chat: always the same one for the same n. */
export function line(at: number): { author: Author; text: string; at_ms: number } {
  const speaker = CROWD[(at * 7 + (at % 3)) % CROWD.length] ?? MIRA;
  return { author: at % 4 === 1 ? (CROWD[(at * 7 - 7 + ((at - 1) % 3)) % CROWD.length] ?? speaker) : speaker, text: said[at % said.length] ?? '', at_ms: NOW_MS - (400 - at) * 41_000 };
}
