// SPDX-License-Identifier: GPL-2.0-or-later

package device

import (
	"errors"
	"io/fs"
	"math/bits"

	"golang.org/x/sys/unix"
)

// openDirect opens the device a second time, past the page cache. Where that is
// refused it leaves the device as it is, which is not an error.
//
// stat is of the descriptor that holds the claim.
func (f *file) openDirect(stat *unix.Stat_t) error {
	flags := unix.O_RDONLY
	if f.writable {
		flags = unix.O_RDWR
	}
	fd, err := openDescriptor(f.name, flags|unix.O_DIRECT)
	if errors.Is(err, unix.EINVAL) {
		return nil
	}
	if err != nil {
		return err
	}
	align, err := directAlignment(fd, f.name, stat)
	if err != nil || align == 0 {
		return errors.Join(err, unix.Close(fd))
	}
	f.directFD, f.align, f.bounce = fd, align, newBouncePool(align)
	return nil
}

// directAlignment returns the alignment that direct transfers need, or 0 if the
// file system accepts the flag and then no transfer.
func directAlignment(fd int, path string, claimed *unix.Stat_t) (int, error) {
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return 0, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	if stat.Dev != claimed.Dev || stat.Ino != claimed.Ino {
		return 0, &fs.PathError{Op: "open", Path: path, Err: unix.ESTALE}
	}
	align := statedAlignment(fd, &stat)
	if align == 0 {
		return 0, nil
	}
	// Only an attempt shows whether what was stated is so. Other failures
	// are for the reads that need the sector.
	if _, err := pread(fd, alignedBuffer(align, align), 0); errors.Is(err, unix.EINVAL) {
		return 0, nil
	}
	return align, nil
}

// statedAlignment returns the alignment that the kernel states, or failing that
// the logical sector size of a block device, or failing that the block size of
// the file system, which its sectors divide. It returns 0 if the kernel states
// that direct transfers are impossible.
func statedAlignment(fd int, stat *unix.Stat_t) int {
	var extended unix.Statx_t
	err := unix.Statx(fd, "", unix.AT_EMPTY_PATH, unix.STATX_DIOALIGN, &extended)
	if err == nil && extended.Mask&unix.STATX_DIOALIGN != 0 {
		if extended.Dio_offset_align == 0 {
			return 0
		}
		return plausibleAlignment(max(extended.Dio_mem_align, extended.Dio_offset_align))
	}
	if stat.Mode&unix.S_IFMT == unix.S_IFBLK {
		return sectorSize(fd)
	}
	return plausibleAlignment(stat.Blksize)
}

// sectorSize returns the logical sector size of a block device.
func sectorSize(fd int) int {
	size, err := unix.IoctlGetUint32(fd, unix.BLKSSZGET)
	if err != nil {
		return BufferAlignment
	}
	return plausibleAlignment(size)
}

// plausibleAlignment returns n, or a page if n cannot be an alignment. Network
// file systems give blocks of megabytes as the size they like best.
func plausibleAlignment[N int32 | int64 | uint32](n N) int {
	if n < 512 || n > 65536 || bits.OnesCount64(uint64(n)) != 1 {
		return BufferAlignment
	}
	return int(n)
}

// readBounced reads through a bounce buffer, widened to the alignment: at least
// one byte unless the storage ends.
func (f *file) readBounced(p []byte, off int64) (int, error) {
	mask := int64(f.align - 1)
	start := off &^ mask
	end := min((off+int64(len(p))+mask)&^mask, start+bounceSize)
	buf := f.bounce.get()
	defer f.bounce.put(buf)
	n, err := pread(f.directFD, buf[:end-start], start)
	lead := int(off - start)
	if n <= lead {
		return 0, err
	}
	return copy(p, buf[lead:n]), err
}

// writeBounced writes the start of p, whose address is not aligned but whose
// offset and length are, through a bounce buffer.
func (f *file) writeBounced(p []byte, off int64) (int, error) {
	buf := f.bounce.get()
	defer f.bounce.put(buf)
	return pwrite(f.directFD, buf[:copy(buf, p)], off)
}
