// SPDX-License-Identifier: GPL-2.0-or-later

package format

// XattrTags are the tags in the name of an xattr under "scoutfs."
// (docs/format.md 3.4).
type XattrTags struct {
	Hide, Indx, Srch, Totl bool
}

// Any reports whether there is a tag at all.
func (t XattrTags) Any() bool { return t != XattrTags{} }

const (
	tagPrefix = "scoutfs."
	tagLen    = len("hide.")
	// minTaggedName: shorter names are not looked at for tags.
	minTaggedName = len(tagPrefix) + tagLen + 1
)

// ParseXattrTags finds the tags of a full xattr name: any of hide., indx.,
// srch., totl. after "scoutfs.", in any order, each once. ok is false for a
// name under "scoutfs." that has no valid set of tags: none, one twice
// (kmod/src/xattr.c: scoutfs_xattr_parse_tags), or totl together with indx
// (scoutfs_xattr_set_locked). A name elsewhere, or of less than 14 bytes, has
// no tags and is ok.
func ParseXattrTags[T Text](name T) (tags XattrTags, ok bool) {
	if len(name) < minTaggedName || string(name[:len(tagPrefix)]) != tagPrefix {
		return XattrTags{}, true
	}
	for rest := name[len(tagPrefix):]; len(rest) >= tagLen; rest = rest[tagLen:] {
		var tag *bool
		switch string(rest[:tagLen]) {
		case "hide.":
			tag = &tags.Hide
		case "indx.":
			tag = &tags.Indx
		case "srch.":
			tag = &tags.Srch
		case "totl.":
			tag = &tags.Totl
		default:
			return tags, tags.Any()
		}
		if *tag {
			return XattrTags{}, false
		}
		*tag = true
		if tags.Indx && tags.Totl {
			return XattrTags{}, false
		}
	}
	return tags, tags.Any()
}
