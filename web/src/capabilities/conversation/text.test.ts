import { describe, expect, it } from 'vitest';
import { linkTarget, mentionBeingTyped, pieces } from './text';

const links = (text: string) => pieces(text, []).flatMap((piece) => (piece.is === 'link' ? [piece.text] : []));
const mentions = (text: string, names: string[]) => pieces(text, names).flatMap((piece) => (piece.is === 'mention' ? [piece.name] : []));

describe('what a message is made of', () => {
  it.each([
    ['see https://a.example/x.', ['https://a.example/x']],
    ['(https://a.example/x)', ['https://a.example/x']],
    ['https://a.example/w_(b)', ['https://a.example/w_(b)']],
    ['看https://a.example/c吧', ['https://a.example/c']],
    ['https://a.example/c。好', ['https://a.example/c']],
    ['HTTP://A.example', ['HTTP://A.example']],
    ['two http://a.example and https://b.example/?q=1&r=2', ['http://a.example', 'https://b.example/?q=1&r=2']],
  ])('finds the links of %s', (text, expected) => {
    expect(links(text)).toEqual(expected);
  });

  it.each([
    'javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'a.example/x', 'http://', 'https:// a.example',
    'http://bank.example@evil.example/', 'https://user:secret@a.example', 'vbscript:https',
  ])('makes no link of %s', (text) => {
    expect(links(text)).toEqual([]);
  });

  it('ends a link where a control could turn its direction', () => {
    expect(links('https://a.example/\u202Egpj.exe')).toEqual(['https://a.example/']);
  });

  it('takes only the web', () => {
    expect(linkTarget('ftp://a.example')).toBeNull();
    expect(linkTarget('https://a.example')).toBe('https://a.example/');
  });

  it('marks those who are people, whatever the case, and nobody else', () => {
    expect(mentions('@Ana and @bob, mail a@ana.example or x/@ana', ['ana'])).toEqual(['Ana']);
    expect(mentions('thanks @ana.', ['ana'])).toEqual(['ana']);
    expect(mentions('@j.doe. hi', ['j.doe'])).toEqual(['j.doe']);
    expect(mentions('你好@林晓雨', ['林晓雨'])).toEqual([]);
    expect(mentions('你好 @林晓雨 ！', ['林晓雨'])).toEqual(['林晓雨']);
    expect(mentions('@anabel', ['ana'])).toEqual([]);
  });

  it.each(['<b>x</b> & @ana https://a.example/?<script>', 'a\n\nb', '\u202Eabc', '@@ana @ana@ana', ''])('loses and changes nothing of %j', (text) => {
    expect(pieces(text, ['ana']).map((piece) => piece.text).join('')).toBe(text);
  });

  it('knows the mention that is being typed', () => {
    expect(mentionBeingTyped('hi @an', 6)).toBe('an');
    expect(mentionBeingTyped('hi @an', 4)).toBe('');
    expect(mentionBeingTyped('hi @an ', 7)).toBeNull();
    expect(mentionBeingTyped('mail a@an', 9)).toBeNull();
    expect(mentionBeingTyped('@', 1)).toBe('');
  });
});
