// SPDX-License-Identifier: GPL-2.0-or-later

package testmodel

import (
	"maps"
	"strings"
	"syscall"
	"time"

	"scoutfs/engine/format"
)

// Flags of SetXattr, as of setxattr(2).
const (
	XattrCreate  = 1
	XattrReplace = 2
)

// SetXattr sets an attribute.
func (m *Model) SetXattr(now time.Time, ino uint64, name, value string, flags int) syscall.Errno {
	m.begin()
	in := m.inodes[ino]
	tags, errno := m.checkXattr(in, name, len(value), flags)
	if errno != 0 {
		return errno
	}
	_, there := in.Xattrs[name]
	switch {
	case flags == XattrReplace && !there:
		return syscall.ENODATA
	case flags == XattrCreate && there:
		return syscall.EEXIST
	}
	if tags.Indx && value != "" {
		return syscall.EINVAL
	}
	if tags.Totl {
		if _, ok := format.ParseTotlValue(value); !ok {
			return syscall.EINVAL
		}
	}
	if there && tags.Indx {
		return 0
	}
	in.Xattrs[name] = value
	in.Ctime = now
	return 0
}

// RemoveXattr removes an attribute.
func (m *Model) RemoveXattr(now time.Time, ino uint64, name string) syscall.Errno {
	m.begin()
	in := m.inodes[ino]
	if _, errno := m.checkXattr(in, name, 0, XattrReplace); errno != 0 {
		return errno
	}
	if _, there := in.Xattrs[name]; !there {
		return syscall.ENODATA
	}
	delete(in.Xattrs, name)
	in.Ctime = now
	return 0
}

// checkXattr is what is checked before anyone looks whether the attribute is
// there.
func (m *Model) checkXattr(in *Inode, name string, size, flags int) (format.XattrTags, syscall.Errno) {
	prefix, rest, _ := strings.Cut(name, ".")
	var tags format.XattrTags
	// The system call itself checks these.
	switch {
	case flags&^(XattrCreate|XattrReplace) != 0:
		return tags, syscall.EINVAL
	case name == "" || len(name) > format.MaxNameLen:
		return tags, syscall.ERANGE
	case size > 65536: // one byte more than is stored
		return tags, syscall.E2BIG
	case in == nil:
		return tags, syscall.ENOENT
	}
	switch prefix {
	case "user":
		if !in.IsRegular() && !in.IsDir() {
			return tags, syscall.EPERM
		}
	case "trusted", "security":
	case "scoutfs":
		if len(name) >= len("scoutfs.hide.")+1 {
			var ok bool
			if tags, ok = format.ParseXattrTags(name); !ok {
				return tags, syscall.EINVAL
			}
		}
	default:
		return tags, syscall.EOPNOTSUPP
	}
	switch {
	case rest == "":
		return tags, syscall.EINVAL
	case size > format.MaxXattrValueLen:
		return tags, syscall.E2BIG
	case flags == XattrCreate|XattrReplace:
		return tags, syscall.EINVAL
	}
	if tags.Totl {
		if _, _, _, ok := format.ParseTotl(name); !ok {
			return tags, syscall.EINVAL
		}
	}
	if tags.Indx {
		if m.Version < 2 {
			return tags, syscall.EOPNOTSUPP
		}
		if _, _, ok := format.ParseIndx(name); !ok {
			return tags, syscall.EINVAL
		}
	}
	if in.Retained && prefix == "user" {
		return tags, syscall.EPERM
	}
	return tags, 0
}

// Totals returns every total that is not nothing.
func (m *Model) Totals() map[[3]uint64]Total {
	totals := maps.Clone(m.injected)
	for _, in := range m.inodes {
		for name, value := range in.Xattrs {
			if tags, ok := format.ParseXattrTags(name); !ok || !tags.Totl {
				continue
			}
			a, b, c, _ := format.ParseTotl(name)
			v, _ := format.ParseTotlValue(value)
			t := totals[[3]uint64{a, b, c}]
			totals[[3]uint64{a, b, c}] = Total{t.Sum + v, t.Count + 1}
		}
	}
	for name, t := range totals {
		if t == (Total{}) {
			delete(totals, name)
		}
	}
	return totals
}

// Inject changes a total behind the back of all attributes.
func (m *Model) Inject(name [3]uint64, sum, count int64) {
	m.begin()
	t := m.injected[name]
	m.injected[name] = Total{t.Sum + uint64(sum), t.Count + uint64(count)}
}

// Tagged returns the inodes that have an attribute of a name with the srch tag.
func (m *Model) Tagged(name string) map[uint64]bool {
	found := map[uint64]bool{}
	for ino, in := range m.inodes {
		if _, ok := in.Xattrs[name]; ok {
			found[ino] = true
		}
	}
	return found
}
