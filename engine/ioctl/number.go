// SPDX-License-Identifier: GPL-2.0-or-later

package ioctl

import "fmt"

// Number is the second argument of ioctl(2): which request is made, and how
// large its argument structure is. Its direction bits say little: many
// requests read or write against them, or through pointers in the argument.
// [Number.Info] tells what really happens.
type Number uint32

// The requests (kmod/src/ioctl.h; FIEMAP is linux/fs.h: FS_IOC_FIEMAP).
const (
	NumberWalkInodes          Number = 0x4048e801
	NumberInoPath             Number = 0x4028e802
	NumberRelease             Number = 0x4018e803
	NumberStage               Number = 0x4020e804
	NumberStatMore            Number = 0x8038e805
	NumberDataWaiting         Number = 0x4028e806
	NumberSetattrMore         Number = 0x4030e807
	NumberListxattrHidden     Number = 0xc018e808
	NumberSearchXattrs        Number = 0x4038e809
	NumberStatfsMore          Number = 0x8030e80a
	NumberDataWaitErr         Number = 0x4030e80b
	NumberAllocDetail         Number = 0x4010e80c
	NumberMoveBlocks          Number = 0x4030e80d
	NumberResizeDevices       Number = 0x4010e80e
	NumberReadXattrTotals     Number = 0x4028e80f
	NumberGetAllocatedInos    Number = 0x4018e810
	NumberGetReferringEntries Number = 0x4028e811
	NumberGetAttrX            Number = 0x4068e812
	NumberSetAttrX            Number = 0x4068e813
	NumberGetQuotaRules       Number = 0x8020e814
	NumberAddQuotaRule        Number = 0x4030e815
	NumberDelQuotaRule        Number = 0x4030e816
	NumberReadXattrIndex      Number = 0x8048e817
	NumberPunchOffline        Number = 0x4020e818
	NumberInjectTotlDelta     Number = 0x4028e819
	NumberFiemap              Number = 0xc020660b
)

// Size is the size of the argument structure in bytes, at most 16383.
func (n Number) Size() int { return int(n >> 16 & (1<<14 - 1)) }

// String is upstream's name without its prefix, such as "WALK_INODES", or
// the number in hexadecimal if it is no request of this package.
func (n Number) String() string {
	if info, ok := n.Info(); ok {
		return info.Name
	}
	return fmt.Sprintf("ioctl %#08x", uint32(n))
}
