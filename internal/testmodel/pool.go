// SPDX-License-Identifier: GPL-2.0-or-later

package testmodel

import (
	"fmt"
	"strings"

	"scoutfs/engine/format"
)

// names are those that a driver gives to entries: few, so that they meet
// again, some of them pairs with the same hash.
func names() []string {
	list := []string{
		"a", "b", "c", "dir", "file", "a name with spaces", "\xff\xfe", "-", ".hidden", "ünïcode",
		strings.Repeat("n", 255), strings.Repeat("n", 254) + "m", strings.Repeat("x", 256),
	}
	for i := range 12 {
		list = append(list, fmt.Sprintf("f%02d", i))
	}
	return append(list, colliding(6, 3, func(i int) string {
		// The hash samples 32 bits of a long name, which stay the same here,
		// beside a hash of all of it.
		b := []byte(strings.Repeat("c", 96))
		for j := range 5 {
			b[3*j+1] = "0123456789abcdef"[i>>(4*j)&15]
		}
		return string(b)
	}, func(name string) uint64 { return format.DirentNameHash([]byte(name)) })...)
}

// xattrNames are those that a driver gives to attributes, valid and not.
func xattrNames(version uint64) []string {
	list := []string{
		"user.a", "user.b", "user.big", "trusted.t", "security.s", "scoutfs.short",
		"scoutfs.hide.attribute", "scoutfs.srch.found", "scoutfs.srch.other", "scoutfs.hide.srch.both",
		"scoutfs.totl.n.1.2.3", "scoutfs.totl.m.1.2.3", "scoutfs.totl.0.1.2", "scoutfs.totl.1.1.0", "scoutfs.hide.srch.totl.q.2.2.2",
		"scoutfs.totl.no.number.here", "scoutfs.hide.hide.twice", "scoutfs.notatag.name", "system.other", "unknown.name",
		"user." + strings.Repeat("n", 250), "user." + strings.Repeat("n", 251),
		"scoutfs.indx.a.1.5", "scoutfs.indx.b.1.5", "scoutfs.indx.a.255.99", "scoutfs.hide.indx.c.0.0", "scoutfs.indx.a.256.1",
	}
	for i := range 10 {
		list = append(list, fmt.Sprintf("user.n%d", i))
	}
	return append(list, colliding(4, 2, func(i int) string { return fmt.Sprintf("user.collide.%d", i) },
		func(name string) uint64 { return format.XattrNameHash(name) })...)
}

// colliding returns names, at least two of each of some hashes; from so many
// candidates that there are a few pairs among them.
func colliding(limit, pairs int, name func(int) string, hash func(string) uint64) []string {
	seen := make(map[uint64]string)
	var list []string
	for i := 0; len(list) < limit && i < 1<<20; i++ {
		n := name(i)
		h := hash(n)
		if other, ok := seen[h]; ok {
			list = append(list, other, n)
			continue
		}
		seen[h] = n
	}
	if len(list) < 2*min(pairs, limit/2) {
		panic("testmodel: no names with the same hash")
	}
	return list
}
