// SPDX-License-Identifier: GPL-2.0-or-later

package testmodel

import (
	"maps"
	"slices"
	"syscall"
	"time"
)

// Move is a request to move blocks between files.
type Move struct {
	From, FromOff uint64
	To, ToOff     uint64
	Len           uint64
	Stage         bool
	DataVersion   uint64 // with Stage
}

// MoveBlocks moves blocks, if it does not stop half way.
func (m *Model) MoveBlocks(now time.Time, q Move) syscall.Errno {
	m.begin()
	from, to := m.inodes[q.From], m.inodes[q.To]
	if errno := m.cannotMove(from, to, q); errno != 0 || q.Len == 0 || q.FromOff >= from.Size {
		return errno
	}
	moved := from.blocksToMove(q)
	shift := q.ToOff/blockSize - q.FromOff/blockSize // modulo 2^64
	for _, b := range moved {
		to.Blocks[b+shift] = from.Blocks[b]
		delete(from.Blocks, b)
	}
	from.dataVersion, from.dataSeq = moves, moves
	from.Mtime, from.Ctime = now, now
	if !q.Stage {
		to.dataVersion, to.dataSeq = moves, moves
		to.Mtime, to.Ctime = now, now
	}
	if len(moved) > 0 {
		// The end of the source's last block counts only as far as it has data.
		last := moved[len(moved)-1]
		end := (last + shift + 1) * blockSize
		if beyond := (last + 1) * blockSize; beyond > from.Size {
			end -= beyond - from.Size
		}
		to.Size = max(to.Size, end)
	}
	return 0
}

// stopsHalfWay reports whether something at the destination is in the way,
// which is found after a part was moved that depends on where extents end.
func (m *Model) stopsHalfWay(q Move) bool {
	from, to := m.inodes[q.From], m.inodes[q.To]
	if m.cannotMove(from, to, q) != 0 || q.Len == 0 || q.FromOff >= from.Size {
		return false
	}
	shift := q.ToOff/blockSize - q.FromOff/blockSize
	for _, b := range from.blocksToMove(q) {
		there := to.Blocks[b+shift]
		if q.Stage && (there == nil || !there.Offline || there.Unwritten) || !q.Stage && there != nil {
			return true
		}
	}
	return false
}

// blocksToMove returns the mapped blocks before the end of the file.
func (in *Inode) blocksToMove(q Move) []uint64 {
	end := q.FromOff + min(q.Len, in.Size-q.FromOff)
	var moved []uint64
	for _, b := range slices.Sorted(maps.Keys(in.Blocks)) {
		if b >= q.FromOff/blockSize && b < blocksOf(end) {
			moved = append(moved, b)
		}
	}
	return moved
}

func (m *Model) cannotMove(from, to *Inode, q Move) syscall.Errno {
	switch {
	case q.Len == 0:
		return 0
	case q.FromOff+q.Len-1 < q.FromOff || q.ToOff+q.Len-1 < q.ToOff:
		return syscall.EOVERFLOW
	case q.From == q.To:
		return syscall.EINVAL
	case from == nil || to == nil:
		return syscall.ENOENT
	case !q.Stage && to.Retained:
		return syscall.EPERM
	case unaligned(q.FromOff, q.ToOff) || unaligned(q.Len) && q.FromOff+q.Len != from.Size:
		return syscall.EINVAL
	case q.Stage && q.DataVersion != to.DataVersion:
		return syscall.ESTALE
	case q.FromOff >= from.Size:
		return 0
	case from.IsDir() || to.IsDir():
		return syscall.EISDIR
	case !from.IsRegular() || !to.IsRegular():
		return syscall.EINVAL
	case from.OfflineBlocks() > 0 || !q.Stage && to.OfflineBlocks() > 0:
		return syscall.ENODATA
	}
	return 0
}
