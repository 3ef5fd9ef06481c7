// SPDX-License-Identifier: GPL-2.0-or-later

package convert

import (
	"fmt"
	"strings"
	"syscall"

	"scoutfs/engine/device/signature"
	"scoutfs/engine/format"
)

// SuperError is a super block that cannot be read or does not verify. Behind
// it is a *device.Error or a *format.CorruptError.
type SuperError struct {
	Role   Role
	Device string // name
	Err    error
}

// Error names the device and what is wrong with its super.
func (e *SuperError) Error() string {
	return fmt.Sprintf("%s super block of %s: %v", e.Role, e.Device, e.Err)
}

// Unwrap returns what is wrong.
func (e *SuperError) Unwrap() error { return e.Err }

// WrongDeviceError is a device whose super says that it is the other one of
// the two. errors.Is(err, syscall.EINVAL) holds.
type WrongDeviceError struct {
	Want   Role
	Device string // name
}

// Error names the device and what it should have been.
func (e *WrongDeviceError) Error() string {
	return fmt.Sprintf("%s is not a %s device", e.Device, e.Want)
}

// Unwrap returns EINVAL.
func (e *WrongDeviceError) Unwrap() error { return syscall.EINVAL }

// VersionError is a super of a format version that this program does not
// know. errors.Is(err, syscall.EINVAL) holds.
type VersionError struct {
	Role    Role
	Version uint64
}

// Error has upstream's words.
func (e *VersionError) Error() string {
	return fmt.Sprintf("%s super block has format version %d outside of supported version range %d-%d",
		e.Role, e.Version, format.MinVersion, format.MaxVersion)
}

// Unwrap returns EINVAL.
func (e *VersionError) Unwrap() error { return syscall.EINVAL }

// DowngradeError is a change to a lower format version, which would make
// items unreadable. errors.Is(err, syscall.EPERM) holds.
type DowngradeError struct {
	Meta, Data uint64 // what the supers say
	Version    uint64 // asked for
}

// Error has upstream's words.
func (e *DowngradeError) Error() string {
	return fmt.Sprintf("Downgrade of Meta Format Version: %d and Data Format Version: %d to Format Version: %d is not allowed",
		e.Meta, e.Data, e.Version)
}

// Unwrap returns EPERM.
func (e *DowngradeError) Unwrap() error { return syscall.EPERM }

// UnfinishedError is a change that stopped after the data super and before
// it was certain of the metadata super.
type UnfinishedError struct{ Err error }

// Error says what happened and what to do.
func (e *UnfinishedError) Error() string {
	return fmt.Sprintf("the data super block has changed and the meta super block may not have: %v; "+
		"make the same change again before mounting", e.Err)
}

// Unwrap returns what went wrong with the metadata super.
func (e *UnfinishedError) Unwrap() error { return e.Err }

// DataUsedError is a volume that has blocks on its data device.
// errors.Is(err, syscall.EINVAL) holds.
type DataUsedError struct {
	Blocks uint64 // 4 KiB blocks that are not free
}

// Error tells the number of blocks.
func (e *DataUsedError) Error() string {
	return fmt.Sprintf("%d data blocks are used by files", e.Blocks)
}

// Unwrap returns EINVAL.
func (e *DataUsedError) Unwrap() error { return syscall.EINVAL }

// TooSmallError is a data device that cannot hold all of a volume's blocks.
// errors.Is(err, syscall.EINVAL) holds.
type TooSmallError struct {
	Device string // name
	Size   uint64 // bytes
	Blocks uint64 // 4 KiB blocks it has
	Needed uint64 // 4 KiB blocks the volume has
}

// Error tells all numbers.
func (e *TooSmallError) Error() string {
	return fmt.Sprintf("new data device %s of %d bytes has %d 4KiB blocks, it needs at least %d blocks",
		e.Device, e.Size, e.Blocks, e.Needed)
}

// Unwrap returns EINVAL.
func (e *TooSmallError) Unwrap() error { return syscall.EINVAL }

// ExistingError is a device that holds something. errors.Is(err,
// syscall.EEXIST) holds.
type ExistingError struct {
	Device string // name
	Found  []signature.Found
}

// Error lists what was found.
func (e *ExistingError) Error() string {
	var found []string
	for _, f := range e.Found {
		found = append(found, f.String())
	}
	return e.Device + " holds " + strings.Join(found, " and ")
}

// Unwrap returns EEXIST.
func (e *ExistingError) Unwrap() error { return syscall.EEXIST }
