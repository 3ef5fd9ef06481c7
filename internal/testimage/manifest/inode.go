// SPDX-License-Identifier: GPL-2.0-or-later

package manifest

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// parseInode reads one line of the inodes section.
func parseInode(line []byte) (Inode, error) {
	s := newScanner(line)
	in := Inode{Extents: -1}
	s.object(func(key string) { in.field(s, key) })
	s.end()
	return in, s.err
}

func (in *Inode) field(s *scanner, key string) {
	switch key {
	case "path":
		in.Path = s.string()
	case "ino":
		in.Ino = s.uint(64)
	case "mode":
		in.Mode = s.octal()
	case "uid":
		in.UID = uint32(s.uint(32))
	case "gid":
		in.GID = uint32(s.uint(32))
	case "nlink":
		in.Nlink = uint32(s.uint(32))
	case "size":
		in.Size = s.uint(64)
	case "blocks":
		in.Blocks = s.uint(64)
	case "rdev":
		in.Rdev = s.device()
	case "atime":
		in.Atime = s.time()
	case "mtime":
		in.Mtime = s.time()
	case "ctime":
		in.Ctime = s.time()
	case "more":
		in.More = s.more()
	case "attr_x":
		in.AttrX = s.attrX()
	case "target":
		target := s.target()
		in.Target = &target
	case "xattrs":
		in.Xattrs = s.xattrs()
	case "hidden":
		in.Hidden = s.xattrs()
	case "extents":
		in.Extents = int(s.uint(31))
	case "map":
		s.array(func() { in.Map = append(in.Map, s.extent()) })
	case "map_sha256":
		in.MapSHA256 = s.string()
	case "sha256":
		in.SHA256 = s.string()
	case "sparse_sha256":
		in.SparseSHA256 = s.string()
	case "online_parts":
		in.PartlyOnline = true
		s.array(func() { in.OnlineParts = append(in.OnlineParts, s.part()) })
	default:
		s.fail("unknown field %q of an inode", key)
	}
}

func (s *scanner) octal() uint32 {
	v, err := strconv.ParseUint(s.string(), 8, 32)
	if err != nil {
		s.fail("%v", err)
	}
	return uint32(v)
}

// device reads "MAJOR:MINOR".
func (s *scanner) device() Device {
	major, minor, _ := strings.Cut(s.string(), ":")
	first, err := strconv.ParseUint(major, 10, 32)
	if err != nil {
		s.fail("%v", err)
	}
	second, err := strconv.ParseUint(minor, 10, 32)
	if err != nil {
		s.fail("%v", err)
	}
	return Device{uint32(first), uint32(second)}
}

// time reads "SECONDS.NANOSECONDS", with nine digits after the dot. The
// seconds may be negative, the nanoseconds count upwards all the same.
func (s *scanner) time() time.Time {
	text := s.string()
	first, second, _ := strings.Cut(text, ".")
	sec, err := strconv.ParseInt(first, 10, 64)
	if err != nil {
		s.fail("%v", err)
	}
	nsec, err := strconv.ParseUint(second, 10, 30)
	if err != nil || len(second) != 9 {
		s.fail("no time: %q", text)
	}
	return time.Unix(sec, int64(nsec))
}

func (s *scanner) more() *More {
	m := new(More)
	s.object(func(key string) {
		switch key {
		case "meta_seq":
			m.MetaSeq = s.uint(64)
		case "data_seq":
			m.DataSeq = s.uint(64)
		case "data_version":
			m.DataVersion = s.uint(64)
		case "online_blocks":
			m.OnlineBlocks = s.uint(64)
		case "offline_blocks":
			m.OfflineBlocks = s.uint(64)
		case "crtime":
			m.Crtime = s.time()
		default:
			s.fail("unknown field %q of stat_more", key)
		}
	})
	return m
}

// attrX returns nil for {"err": "ENOTSUP"}.
func (s *scanner) attrX() *AttrX {
	a := new(AttrX)
	s.object(func(key string) {
		switch key {
		case "err":
			if text := s.string(); text != "ENOTSUP" {
				s.fail("attr_x failed with %s", text)
			}
			a = nil
		case "x_mask":
			a.Mask = s.uint(64)
		case "x_flags":
			a.Flags = s.uint(64)
		case "size":
			a.Size = s.uint(64)
		case "bits":
			a.Bits = s.uint(64)
		case "project_id":
			a.ProjectID = s.uint(64)
		case "ctime":
			a.Ctime = s.time()
		case "crtime":
			a.Crtime = s.time()
		default:
			s.fail("unknown field %q of attr_x", key)
		}
	})
	return a
}

// target reads a symbolic link's target: a string, or content.
func (s *scanner) target() Content {
	if s.peek() == '"' {
		text := s.string()
		return Content{Len: len(text), Bytes: []byte(text)}
	}
	return s.content()
}

func (s *scanner) xattrs() []Xattr {
	var xattrs []Xattr
	s.object(func(name string) {
		xattrs = append(xattrs, Xattr{Name: name, Value: s.content()})
	})
	return xattrs
}

func (s *scanner) content() Content {
	var c Content
	s.object(func(key string) {
		switch key {
		case "len":
			c.Len = int(s.uint(31))
		case "b64":
			var err error
			if c.Bytes, err = base64.StdEncoding.DecodeString(s.string()); err != nil {
				s.fail("%v", err)
			}
		case "sha256":
			c.SHA256 = s.string()
		default:
			s.fail("unknown field %q of content", key)
		}
	})
	if c.SHA256 == "" && len(c.Bytes) != c.Len {
		s.fail("content of %d bytes, not %d", len(c.Bytes), c.Len)
	}
	return c
}

// extent reads [logical, physical, length, flags].
func (s *scanner) extent() Extent {
	n := s.tuple(4)
	return Extent{n[0], n[1], n[2], uint32(n[3])}
}

// part reads [offset, length, flags, "sha256"].
func (s *scanner) part() Part {
	var p Part
	i := 0
	s.array(func() {
		switch i {
		case 0:
			p.Offset = s.uint(64)
		case 1:
			p.Length = s.uint(64)
		case 2:
			p.Flags = uint32(s.uint(32))
		case 3:
			p.SHA256 = s.string()
		}
		i++
	})
	if i != 4 {
		s.fail("part of a file with %d elements", i)
	}
	return p
}

func (s *scanner) tuple(n int) [4]uint64 {
	var values [4]uint64
	i := 0
	s.array(func() {
		v := s.uint(64)
		if i < n {
			values[i] = v
		}
		i++
	})
	if i != n {
		s.fail("%d elements, expected %d", i, n)
	}
	return values
}
