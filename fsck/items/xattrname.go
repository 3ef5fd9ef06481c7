// SPDX-License-Identifier: GPL-2.0-or-later

package items

import (
	"bytes"
	"fmt"
	"strings"

	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

const scoutfsPrefix = "scoutfs."

// isACL reports whether a name is that of an access control list.
func isACL(name []byte) bool {
	return string(name) == format.XattrACLAccess || string(name) == format.XattrACLDefault
}

// wantsValue reports whether the value of an attribute is to be checked: a
// list, or a number that may be one.
func wantsValue(name []byte, valLen int) bool {
	return isACL(name) || valLen <= format.MaxTotlText && bytes.HasPrefix(name, []byte(scoutfsPrefix))
}

// xattrName checks the name and the value of a whole attribute, and adds
// what its tags stand for elsewhere to the sketches.
func (w *worker) xattrName() {
	x := &w.in.xattrs
	k := w.xattrKey(0)
	if bytes.IndexByte(x.name, 0) >= 0 || !knownPrefix(x.name) {
		w.oddXattr(problem.XattrName, k, string(x.name), fmt.Sprintf("%q", x.name),
			`"user.", "trusted.", "security." or "scoutfs." and something behind it, or an access control list`)
		return
	}
	if isACL(x.name) {
		w.acl(k)
		return
	}
	if !bytes.HasPrefix(x.name, []byte(scoutfsPrefix)) {
		return
	}
	tags, ok := format.ParseXattrTags(x.name)
	if !ok {
		w.oddXattr(problem.XattrName, k, string(x.name), fmt.Sprintf("%q", x.name), `tags of "hide.", "indx.", "srch." and "totl." that may stand together`)
		return
	}
	if tags.Srch {
		w.addSearch(format.SrchEntry{Hash: format.SrchHash(x.name), Ino: w.in.ino, ID: x.id})
	}
	if tags.Totl {
		w.totalling(k)
	}
	if tags.Indx {
		w.indexing(k)
	}
}

// oddXattr reports something about a name or value because of which it is not
// certain what else there should be.
func (w *worker) oddXattr(n problem.Number, k format.Key, name, found, expected string) {
	w.in.xattrs.anyBad = true
	w.find(n, k, name, found, expected)
}

// knownPrefix reports whether a name is in a namespace that attributes can
// be in (kmod/src/xattr.c: known_prefix; kmod/src/acl.c).
func knownPrefix(name []byte) bool {
	if isACL(name) {
		return true
	}
	for _, prefix := range [...]string{"user.", scoutfsPrefix, "trusted.", "security."} {
		if len(name) > len(prefix) && string(name[:len(prefix)]) == prefix {
			return true
		}
	}
	return false
}

// acl checks an access control list.
func (w *worker) acl(k format.Key) {
	in, x := &w.in, &w.in.xattrs
	entries, err := format.ViewACL(x.value)
	if err == nil && len(entries) > 0 {
		err = format.CheckACL(entries)
	}
	if err != nil {
		w.find(problem.ACLInvalid, k, string(x.name), strings.TrimSuffix(err.Error(), ": invalid argument"), "a valid list")
		return
	}
	if string(x.name) == format.XattrACLDefault && in.isNot(format.DirentDirectory) {
		w.find(problem.ACLInvalid, k, string(x.name), "default entries of "+kindName(in.kind), "those of a directory only")
	}
}

// totalling takes an attribute that adds to a total.
func (w *worker) totalling(k format.Key) {
	x := &w.in.xattrs
	a, b, c, ok := format.ParseTotl(x.name)
	if !ok {
		w.oddXattr(problem.XattrTagValue, k, string(x.name), fmt.Sprintf("%q", x.name), "three numbers at the end of its name")
		return
	}
	name := [3]uint64{a, b, c}
	value, ok := format.ParseTotlValue(x.value)
	if !ok {
		// What was added for it can be anything.
		w.oddXattr(problem.XattrTagValue, k, string(x.name), fmt.Sprintf("the value %.40q", x.value), "a number")
	}
	if w.detail != nil {
		w.detail.total(name, value, !ok)
		return
	}
	t := totalHash(&w.mixer, name)
	w.sums.of[classTotal].Add(t.h, t.v*value)
	w.sums.of[classCount].Add(t.h, t.v)
}

// indexing takes an attribute that is in the index.
func (w *worker) indexing(k format.Key) {
	x := &w.in.xattrs
	if w.version < 2 {
		w.find(problem.FormatFeature, k, string(x.name), "an indexed attribute", "none in a volume of format 1")
		return
	}
	major, minor, ok := format.ParseIndx(x.name)
	switch {
	case !ok:
		w.oddXattr(problem.XattrTagValue, k, string(x.name), fmt.Sprintf("%q", x.name), "two numbers at the end of its name, of which the first is at most 255")
		return
	case x.valLen != 0:
		w.oddXattr(problem.XattrTagValue, k, string(x.name), fmt.Sprintf("a value of %d bytes", x.valLen), "none")
	}
	w.addIndx(format.XattrIndx{Major: major, Minor: minor, Ino: w.in.ino, ID: x.id}, true)
}

// addSearch takes an attribute that can be searched for.
func (w *worker) addSearch(e format.SrchEntry) {
	if w.detail != nil {
		w.detail.search(e, fromItems)
		return
	}
	h, v := searchHash(&w.mixer, e)
	w.sums.of[classSearch].Toggle(h, v)
}
