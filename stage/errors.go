// SPDX-License-Identifier: GPL-2.0-or-later

package stage

import (
	"errors"
	"fmt"
	"syscall"
)

// errNoVersion is a file without a version that was archived.
var errNoVersion = fmt.Errorf("it is not known which data version was archived: %w", syscall.EINVAL)

// VersionError is a file whose data is not what was archived. It matches
// ESTALE.
type VersionError struct {
	Archived, Found uint64
}

// Error names both versions.
func (e *VersionError) Error() string {
	return fmt.Sprintf("the file has data version %d, and not %d, which was archived", e.Found, e.Archived)
}

// Unwrap returns ESTALE.
func (e *VersionError) Unwrap() error { return syscall.ESTALE }

// SourceError is an archive copy that cannot be used.
type SourceError struct {
	Source string
	Err    error
}

// Error names the copy and what is wrong with it.
func (e *SourceError) Error() string { return "archive copy " + e.Source + ": " + e.Err.Error() }

// Unwrap returns what is wrong.
func (e *SourceError) Unwrap() error { return e.Err }

// ChecksumError is an archive copy that does not hold what was archived. It
// matches EBADMSG.
type ChecksumError struct {
	Expected, Found Checksum
}

// Error names both sums.
func (e *ChecksumError) Error() string {
	return fmt.Sprintf("its checksum is %s, expected %s", e.Found, e.Expected)
}

// Unwrap returns EBADMSG.
func (e *ChecksumError) Unwrap() error { return syscall.EBADMSG }

var (
	errShort = fmt.Errorf("it ends too early: %w", syscall.EIO)
	errPipe  = fmt.Errorf("a checksum is compared before anything is staged, which needs a copy that can be read twice: %w", syscall.ESPIPE)
	errMoved = fmt.Errorf("it was changed between being checked and being staged: %w", syscall.EBUSY)
	errBlock = errors.New("the range must start at a multiple of 4096")
)
