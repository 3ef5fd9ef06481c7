// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"syscall"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
)

const blockSize = format.SmallBlockSize

// blockState is what a block of a modelled file is.
type blockState uint8

const (
	stateHole blockState = iota
	stateData
	stateUnwritten
	stateOffline
	stateOfflineUnwritten
)

func (s blockState) offline() bool { return s == stateOffline || s == stateOfflineUnwritten }
func (s blockState) mapped() bool  { return s != stateHole && s != stateOffline }

// modelBlock is a block of a modelled file. content is its data, or what is in
// the archive of it.
type modelBlock struct {
	state   blockState
	content []byte // nil is zeros
}

// modelFile is a file as it should be: an array of blocks, on which everything
// is done block by block, in upstream's way.
type modelFile struct {
	ino      uint64
	size     uint64
	version  uint64 // of the data
	moved    uint64 // i_version
	blocks   []modelBlock
	prealloc uint64
	anywhere bool
}

func (f *modelFile) at(i uint64) *modelBlock {
	for uint64(len(f.blocks)) <= i {
		f.blocks = append(f.blocks, modelBlock{})
	}
	return &f.blocks[i]
}

func (f *modelFile) count(which func(blockState) bool) (n uint64) {
	for _, b := range f.blocks {
		if which(b.state) {
			n++
		}
	}
	return n
}

func (f *modelFile) online() uint64 {
	return f.count(func(s blockState) bool { return s == stateData })
}

func (f *modelFile) offline() uint64 { return f.count(blockState.offline) }

// offlineBefore reports whether a block of the first so many bytes is offline.
func (f *modelFile) offlineBefore(size uint64) bool {
	for i, b := range f.blocks {
		if uint64(i)*blockSize < size && b.state.offline() {
			return true
		}
	}
	return false
}

// allocate makes a block mapped as a write of it does.
func (f *modelFile) allocate(i uint64) {
	b := f.at(i)
	switch b.state {
	case stateData:
		return
	case stateUnwritten, stateOfflineUnwritten:
	case stateOffline:
		for n := uint64(0); n < f.prealloc && f.at(i+n).state == stateOffline; n++ {
			f.at(i + n).state = stateOfflineUnwritten
		}
	case stateHole:
		start, count := f.holeRegion(i)
		for n := range count {
			f.at(start + n).state = stateUnwritten
		}
	}
	f.at(i).state = stateData
}

func (f *modelFile) holeRegion(i uint64) (start, count uint64) {
	online := f.online()
	next := func(from uint64) uint64 { // the next block that is no hole
		for ; from < uint64(len(f.blocks)); from++ {
			if f.blocks[from].state != stateHole {
				return from
			}
		}
		return 1 << 40
	}
	if !f.anywhere {
		if i > 1 && i == online {
			return i, min(next(i)-i, i, f.prealloc)
		}
		return i, 1
	}
	start = i - i%f.prealloc
	end := start + f.prealloc
	if next(start) < i {
		start = i
	}
	count = max(1, min(min(end, next(i))-start, online))
	if start+count <= i {
		start = i - count + 1
	}
	return start, count
}

// put stores bytes into data blocks.
func (f *modelFile) put(p []byte, off uint64) {
	for len(p) > 0 {
		i, in := off/blockSize, off%blockSize
		n := min(uint64(len(p)), blockSize-in)
		b := f.at(i)
		was := b.state
		f.allocate(i)
		b = f.at(i)
		content := make([]byte, blockSize)
		if was == stateData {
			copy(content, b.content)
		}
		copy(content[in:], p[:n])
		b.content = content
		p, off = p[n:], off+n
	}
}

func (f *modelFile) write(p []byte, off uint64) {
	f.put(p, off)
	f.size = max(f.size, off+uint64(len(p)))
	f.version++
	f.moved++
}

func (f *modelFile) stage(p []byte, off uint64) {
	f.put(p, off)
	f.moved++
}

// replace is staging of all at once, which takes new blocks for everything.
func (f *modelFile) replace(p []byte, off uint64) {
	for i := off / blockSize; i*blockSize < off+uint64(len(p)); i++ {
		f.at(i).state = stateData
	}
	f.put(p, off)
	f.moved++
}

func (f *modelFile) truncate(size uint64) {
	if size < f.size && size%blockSize != 0 {
		if b := f.at(size / blockSize); b.state == stateData {
			clear(b.content[size%blockSize:])
		}
	}
	if size != f.size {
		f.version++
	}
	if size <= f.size {
		f.punchFrom((size + blockSize - 1) / blockSize)
	}
	f.size = size
	f.moved++
}

func (f *modelFile) punchFrom(i uint64) {
	if i < uint64(len(f.blocks)) {
		f.blocks = f.blocks[:i]
	}
}

func (f *modelFile) fallocate(off, length uint64, keep bool) {
	for i := off / blockSize; i*blockSize < off+length; i++ {
		switch b := f.at(i); b.state {
		case stateHole:
			b.state = stateUnwritten
		case stateOffline:
			b.state = stateOfflineUnwritten
		}
	}
	if end := off + length; !keep && end > f.size {
		f.size = end
		f.version++
		f.moved++
	}
}

func (f *modelFile) release(first, count uint64) {
	for i := first; i < first+count && i < uint64(len(f.blocks)); i++ {
		if b := f.at(i); b.state.mapped() {
			b.state = stateOffline
		}
	}
	if f.online() == 0 && f.size > 0 {
		f.punchFrom((f.size + blockSize - 1) / blockSize)
	}
}

// punch reports whether it met a mapped block.
func (f *modelFile) punch(first, count uint64) (met bool) {
	for i := first; i < first+count && i < uint64(len(f.blocks)); i++ {
		b := f.at(i)
		if b.state.mapped() {
			return true
		}
		*b = modelBlock{}
	}
	return false
}

// read returns the bytes that a read of all of the file gives before it ends
// or meets an offline block.
func (f *modelFile) read() []byte {
	data := make([]byte, 0, f.size)
	for i := uint64(0); i*blockSize < f.size; i++ {
		b := f.at(i)
		if b.state.offline() {
			return data
		}
		content := make([]byte, blockSize)
		if b.state == stateData {
			copy(content, b.content)
		}
		data = append(data, content[:min(blockSize, f.size-i*blockSize)]...)
	}
	return data
}

// archived returns the content of a range of blocks, as an archive has it, cut
// at the end of the file.
func (f *modelFile) archived(first, count uint64) []byte {
	var data []byte
	for i := first; i < first+count && i*blockSize < f.size; i++ {
		content := make([]byte, blockSize)
		copy(content, f.at(i).content)
		data = append(data, content...)
	}
	if end := first*blockSize + uint64(len(data)); len(data) > 0 && end > f.size {
		data = data[:uint64(len(data))-(end-f.size)]
	}
	return data
}

// differs compares the states of blocks with a file's extents, and returns the
// first block that is in another state. Blocks that were to be preallocated and
// are not, because there were not so many free blocks side by side, are taken
// over and counted.
func (f *modelFile) differs(extents []fs.Extent) (at uint64, differs bool, fewer int) {
	end := len(f.blocks)
	if n := len(extents); n > 0 {
		end = max(end, int(extents[n-1].End()))
	}
	states := make([]blockState, end)
	for _, e := range extents {
		for i := e.Logical; i < e.End(); i++ {
			switch {
			case e.Flags == format.ExtentOffline|format.ExtentUnwritten:
				states[i] = stateOfflineUnwritten
			case e.Offline():
				states[i] = stateOffline
			case e.Unwritten():
				states[i] = stateUnwritten
			default:
				states[i] = stateData
			}
		}
	}
	for i, s := range states {
		b := f.at(uint64(i))
		if b.state == stateUnwritten && s == stateHole || b.state == stateOfflineUnwritten && s == stateOffline {
			b.state = s
			fewer++
		}
		if b.state != s {
			return uint64(i), true, fewer
		}
	}
	return 0, false, fewer
}

// mergeable returns two neighbours that should have been one extent.
func mergeable(extents []fs.Extent) (fs.Extent, bool) {
	for i := 1; i < len(extents); i++ {
		a, b := extents[i-1], extents[i]
		together := a.Blkno == 0 && b.Blkno == 0 || a.Blkno != 0 && a.Blkno+a.Len == b.Blkno
		if a.End() == b.Logical && a.Flags == b.Flags && together {
			return a, true
		}
	}
	return fs.Extent{}, false
}

// modelMove moves the blocks from first to before end of one file to another,
// where the first becomes block at.
type modelMove struct {
	from, to       *modelFile
	first, end, at uint64
	stage          bool
}

// run does what upstream does to the extents that the files have, and reports
// whether anything was moved before an error.
func (m *modelMove) run(source, target []fs.Extent) (moved bool, errno syscall.Errno) {
	for _, e := range source {
		start, end := max(e.Logical, m.first), min(e.End(), m.end)
		if start >= end {
			continue
		}
		to := start - m.first + m.at
		if errno := m.refused(target, to, to+end-start); errno != 0 {
			return moved, errno
		}
		for i := start; i < end; i++ {
			*m.to.at(to + i - start) = *m.from.at(i)
			*m.from.at(i) = modelBlock{}
		}
		if size := (to + end - start) * blockSize; size > m.to.size {
			m.to.size = size - (end*blockSize - min(end*blockSize, m.from.size))
		}
		moved = true
	}
	return moved, 0
}

// refused returns why blocks cannot be moved to the blocks from start to before
// end.
func (m *modelMove) refused(target []fs.Extent, start, end uint64) syscall.Errno {
	for _, e := range target {
		switch {
		case e.End() <= start:
			continue
		case m.stage && e.Logical <= start && e.End() >= end && e.Offline():
			return 0
		case m.stage || e.Logical < end:
			return syscall.EINVAL
		}
		return 0
	}
	if m.stage {
		return syscall.ENOENT
	}
	return 0
}
