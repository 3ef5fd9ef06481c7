// SPDX-License-Identifier: GPL-2.0-or-later

package format

// The stored device number of an inode packs major and minor as the kernel
// does internally, which is not what stat(2) shows (docs/format.md 2.7).
const (
	rdevMinorBits = 20
	maxRdevMajor  = 1<<12 - 1
	maxRdevMinor  = 1<<rdevMinorBits - 1
)

// MakeRdev packs a device number as inodes store it. ok is false for a major
// over 12 bits or a minor over 20 bits.
func MakeRdev(major, minor uint32) (rdev uint32, ok bool) {
	if major > maxRdevMajor || minor > maxRdevMinor {
		return 0, false
	}
	return major<<rdevMinorBits | minor, true
}

// SplitRdev returns the parts of a stored device number.
func SplitRdev(rdev uint32) (major, minor uint32) {
	return rdev >> rdevMinorBits, rdev & maxRdevMinor
}

// LinuxDev turns a stored device number into the dev_t that stat(2), mknod(2)
// and FUSE use: the low 8 bits of the minor, 12 bits of major, the rest of
// the minor.
func LinuxDev(rdev uint32) uint32 {
	major, minor := SplitRdev(rdev)
	return minor&0xff | major<<8 | minor&^0xff<<12
}

// RdevOfLinux turns a dev_t of stat(2), mknod(2) or FUSE into a stored device
// number. ok is false if major or minor do not fit.
func RdevOfLinux(dev uint64) (rdev uint32, ok bool) {
	if dev>>32 != 0 {
		return 0, false
	}
	d := uint32(dev)
	return MakeRdev(d>>8&maxRdevMajor, d&0xff|d>>12&^0xff)
}
