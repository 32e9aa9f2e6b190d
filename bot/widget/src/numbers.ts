/** Phone numbers within text. Only numbers that a route of the answer gave may dial. */

import type { Route } from "./types.ts";

/** A piece of text, with the address that it dials or null. */
export interface Piece {
  text: string;
  href: string | null;
}

/** The link in one spelling if it dials or leads to a secure page, else null. */
export function safeLink(link: string | null): string | null {
  if (!link) return null;
  if (/^tel:[+\d][\d\- ]*$/.test(link)) return `tel:${link.slice(4).replace(/[- ]/g, "")}`;
  try {
    const address = new URL(link);
    return address.protocol === "https:" ? address.href : null;
  } catch {
    return null;
  }
}

/** The text in pieces; those that are numbers of `routes` have an address. */
export function findNumbers(text: string, routes: Pick<Route, "number" | "link">[]): Piece[] {
  const links = new Map<string, string>();
  for (const route of routes) {
    const href = safeLink(route.link);
    if (href?.startsWith("tel:")) links.set(digitsOf(route.number ?? href), href);
  }
  links.delete("");
  if (links.size === 0) return [{ text, href: null }];

  const longestFirst = [...links.keys()].sort((a, b) => b.length - a.length);
  const pieces: Piece[] = [];
  let done = 0;
  for (const match of text.matchAll(new RegExp(longestFirst.map(writtenForms).join("|"), "g"))) {
    const start = match.index ?? 0;
    const end = start + match[0].length;
    if (!isPhoneNumber(text.slice(0, start), text.slice(end))) continue;
    pieces.push({ text: text.slice(done, start), href: null });
    pieces.push({ text: match[0], href: links.get(digitsOf(match[0])) ?? null });
    done = end;
  }
  return [...pieces, { text: text.slice(done), href: null }].filter((piece) => piece.text !== "");
}

function digitsOf(number: string): string {
  return number.replace(/\D/g, "");
}

/** 0372-5139017 may be written 03725139017 or 0372 5139017; short numbers are written only one way. */
function writtenForms(digits: string): string {
  return digits.length > 6 ? [...digits].join("[- ]?") : digits;
}

/** Not part of a longer number or an address (www.12348.gov.cn), and not an amount, article or date (120元, 第110条). */
function isPhoneNumber(before: string, after: string): boolean {
  return !/[0-9A-Za-z.@\-第]$/.test(before) && !/^([0-9A-Za-z@]|[.\-][0-9A-Za-z]|[条元日天年月件万亿%％个次款项余多名])/.test(after);
}
