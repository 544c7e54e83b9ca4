/** Which of the rooms on the front page are shown, and what can be filtered by. */
import { CATEGORIES, type Category, type LiveRoomCard } from './model';

export interface FrontFilter {
  readonly words: string;
  readonly category: Category | '';
  readonly language: string;
}

const folded = (text: string) => text.normalize('NFKC').toLocaleLowerCase();

/** Every word must occur in title, host or tags; the fullest room comes first, ties by name. */
export function matching(rooms: readonly LiveRoomCard[], filter: FrontFilter): LiveRoomCard[] {
  const words = folded(filter.words).split(/\s+/).filter((word) => word !== '');
  return rooms
    .filter((room) => {
      if (filter.category !== '' && room.category !== filter.category) return false;
      if (filter.language !== '' && room.language !== filter.language) return false;
      const text = folded([room.title, room.host.displayName, `@${room.host.name}`, ...room.tags.map((tag) => `#${tag}`)].join(' '));
      return words.every((word) => text.includes(word));
    })
    .sort((a, b) => b.here - a.here || (a.host.name < b.host.name ? -1 : 1));
}

/** Only what some room has: a filter that leads nowhere is not offered. */
export function offered(rooms: readonly LiveRoomCard[]): { categories: Category[]; languages: string[] } {
  return {
    categories: CATEGORIES.filter((category) => rooms.some((room) => room.category === category)),
    languages: [...new Set(rooms.map((room) => room.language))].sort(),
  };
}
