// SPDX-License-Identifier: GPL-2.0-or-later

package items

import (
	"fmt"
	"math"

	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

const (
	modeBits    = format.ModeTypeMask | 0o7777
	maxFileSize = math.MaxInt64 // of Linux
	nanoseconds = 1_000_000_000
)

// inodeFields checks what an inode says of itself.
func (w *worker) inodeFields() {
	in, v := &w.in, w.in.value
	mode := v.Mode.Get()
	kind, ok := format.DirentTypeOfMode(mode)
	in.kind, in.kindWrong = kind, !ok
	switch {
	case !ok:
		w.findIn(problem.InodeMode, "mode", fmt.Sprintf("%#o", mode), "one of the file types")
	case mode&^modeBits != 0:
		w.findIn(problem.InodeMode, "mode", fmt.Sprintf("%#o", mode), fmt.Sprintf("at most %#o", modeBits))
	case in.ino == format.RootIno && kind != format.DirentDirectory:
		in.kindWrong = true
		w.findIn(problem.InodeMode, "mode", fmt.Sprintf("%#o, %s", mode, kindName(kind)), "a directory, as the root")
	}
	w.inodeFlags()
	w.inodeSeqs()
	w.inodeTimes()
	if in.kindWrong {
		return
	}
	w.inodeSize()
	device := kind == format.DirentCharDevice || kind == format.DirentBlockDevice
	if rdev := v.Rdev.Get(); rdev != 0 && !device {
		w.findIn(problem.InodeRdev, "rdev", fmt.Sprintf("%#x", rdev), "0 for "+kindName(kind))
	}
}

func (w *worker) inodeFlags() {
	in := &w.in
	flags := in.value.Flags.Get()
	if flags == 0 {
		return
	}
	const known = format.InodeFlagTruncate | format.InodeFlagRetention
	switch {
	case flags&^known != 0:
		w.findIn(problem.InodeFlags, "flags", fmt.Sprintf("%#x", flags), fmt.Sprintf("at most %#x", known))
	case in.isNot(format.DirentRegular):
		w.findIn(problem.InodeFlags, "flags", fmt.Sprintf("%#x", flags), "0 for "+kindName(in.kind))
	case w.version < 2 && flags&format.InodeFlagRetention != 0:
		w.findIn(problem.FormatFeature, "flags", "retention", "none in a volume of format 1")
	}
}

func (w *worker) inodeSeqs() {
	in := &w.in
	if max(in.value.MetaSeq.Get(), in.value.DataSeq.Get()) <= w.seq {
		return
	}
	for _, s := range [...]struct {
		field string
		seq   uint64
	}{{"meta_seq", in.value.MetaSeq.Get()}, {"data_seq", in.value.DataSeq.Get()}} {
		if s.seq > w.seq {
			in.seqWrong = true
			// It may be the volume's that is wrong.
			w.lists.seqs.add(wrongSeq{in.ino, s.field, s.seq})
		}
	}
}

func (w *worker) inodeTimes() {
	v := w.in.value
	if max(v.Atime.Nsec.Get(), v.Ctime.Nsec.Get(), v.Mtime.Nsec.Get(), v.Crtime.Nsec.Get()) < nanoseconds {
		return
	}
	for _, t := range [...]struct {
		field string
		ts    *format.Timespec
	}{{"atime", &v.Atime}, {"ctime", &v.Ctime}, {"mtime", &v.Mtime}, {"crtime", &v.Crtime}} {
		if nsec := t.ts.Nsec.Get(); nsec >= nanoseconds {
			w.findIn(problem.InodeTime, t.field, fmt.Sprintf("%d ns", nsec), fmt.Sprintf("less than %d", nanoseconds))
		}
	}
}

// inodeSize checks the sizes that do not follow from other items.
func (w *worker) inodeSize() {
	in := &w.in
	size := in.value.Size.Get()
	switch in.kind {
	case format.DirentDirectory, format.DirentSymlink:
	case format.DirentRegular:
		if size > maxFileSize {
			w.findIn(problem.InodeSize, "size", fmt.Sprint(size), fmt.Sprintf("at most %d", int64(maxFileSize)))
		}
	default:
		if size != 0 {
			w.findIn(problem.InodeSize, "size", fmt.Sprint(size), "0 for "+kindName(in.kind))
		}
	}
}
