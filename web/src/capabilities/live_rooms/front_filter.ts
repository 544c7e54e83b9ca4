/** Which of the rooms on the front page are shown, and what can be filtered by. */
import { CATEGORIES, type Category, type RoomCard } from './model';

export interface FrontFilter {
  readonly words: string;
  readonly category: Category | '';
  readonly language: string;
}

const folded = (text: string) => text.normalize('NFKC').toLocaleLowerCase();

/** Every word must occur in title, host or tags; whom I follow comes first, then the fullest room, ties by name. */
export function matching(rooms: readonly RoomCard[], filter: FrontFilter): RoomCard[] {
  const words = folded(filter.words).split(/\s+/).filter((word) => word !== '');
  return rooms
    .filter((room) => {
      if (filter.category !== '' && room.category !== filter.category) return false;
      if (filter.language !== '' && room.language !== filter.language) return false;
      const text = folded([room.title, room.host.displayName, `@${room.host.name}`, ...room.tags.map((tag) => `#${tag}`)].join(' '));
      return words.every((word) => text.includes(word));
    })
    .sort((a, b) => Number(b.followed) - Number(a.followed) || b.here - a.here || (a.host.name < b.host.name ? -1 : 1));
}

/** Only what some room has: a filter that leads nowhere is not offered. */
export function offered(rooms: readonly RoomCard[]): { categories: Category[]; languages: string[] } {
  return {
    categories: CATEGORIES.filter((category) => rooms.some((room) => room.category === category)),
    languages: [...new Set(rooms.map((room) => room.language).filter((one) => one !== ''))].sort(),
  };
}

/** Of what was found, who is live and who isn't, each in the order the server gave. */
export function parted(found: readonly RoomCard[]): { live: RoomCard[]; off: RoomCard[] } {
  return { live: found.filter((one) => one.startedAt_ms !== null), off: found.filter((one) => one.startedAt_ms === null) };
}
