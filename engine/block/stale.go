// SPDX-License-Identifier: GPL-2.0-or-later

package block

import (
	"errors"

	"scoutfs/engine/format"
)

// ErrStale says that a reference leads to an intact block that is not the
// one it meant: the block was freed and written again since the reference
// was taken. A reader beside a writer reads the super again and starts over;
// on a volume that nobody writes it is corruption. Errors that match it also
// carry a [*format.CorruptError] that names the difference.
var ErrStale = errors.New("stale block reference")

// staleError is a header that does not match its reference.
type staleError struct{ cause error }

func (e *staleError) Error() string        { return ErrStale.Error() + ": " + e.cause.Error() }
func (e *staleError) Is(target error) bool { return target == ErrStale }
func (e *staleError) Unwrap() error        { return e.cause }

func isStale(err error) bool { return errors.Is(err, ErrStale) }

// verify checks a block against the reference to it.
func (r *Reader) verify(block []byte, ref format.Ref, magic uint32) error {
	err := format.VerifyBlock(block, format.Want{Magic: magic, FSID: r.fsid, Blkno: ref.Blkno, Seq: ref.Seq})
	if header, ok := errors.AsType[*format.HeaderError](err); ok && header.Part != format.HeaderCRC {
		return &staleError{err}
	}
	return err
}
