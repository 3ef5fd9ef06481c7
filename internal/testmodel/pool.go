// SPDX-License-Identifier: GPL-2.0-or-later

package testmodel

import (
	"fmt"
	"strings"
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
	for _, start := range []string{"c5c1ccc2c5c2", "cccacdc4c5ce", "c6c6c8cccfc1", "c5c7cacdcbce", "c1c9c7cac5ca", "c6c2c1c1cbc8"} {
		// The first and the second have the same hash, the third and the fourth,
		// and so on.
		list = append(list, start+strings.Repeat("c", 52))
	}
	return list
}

// xattrNames are those that a driver gives to attributes, valid and not.
func xattrNames() []string {
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
	// The first and the second have the same hash, the third and the fourth.
	return append(list, "user.71ca51af65e8bd42", "user.8d26af60bb337cb3", "user.ac44f662307c8de5", "user.1dc6abd90bc495b4")
}
