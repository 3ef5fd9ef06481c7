// SPDX-License-Identifier: GPL-2.0-or-later

package convert

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
)

const superOffset = format.SuperBlkno << format.SmallBlockShift

// offlineSeq is the header sequence of a super that was written by a tool.
const offlineSeq = 1

// Volume is what the metadata super of a volume says.
type Volume struct {
	FSID          uint64
	UUID          uuid.UUID
	FormatVersion uint64
	MetaBlocks    uint64 // 64 KiB blocks
	DataBlocks    uint64 // 4 KiB blocks
	QuorumVersion uint64 // grows with each change of the slots
	Slots         format.QuorumAddrs
}

// Role is which of a volume's two devices a device is.
type Role uint8

// The two devices of a volume.
const (
	Meta Role = iota
	Data
)

// String is "meta" or "data".
func (r Role) String() string {
	if r == Data {
		return "data"
	}
	return "meta"
}

// super is a super block that was verified.
type super struct {
	*format.Super
	block []byte // the whole block, which the Super is a view of
}

// readSuper reads the super of a device and checks all that does not depend
// on what is to be done. A fsid other than 0 must be the super's.
func readSuper(dev device.Device, role Role, fsid uint64) (super, error) {
	block := make([]byte, format.SmallBlockSize)
	if _, err := dev.ReadAt(block, superOffset); err != nil {
		return super{}, &SuperError{role, dev.Name(), err}
	}
	s, err := parseSuper(block, fsid)
	if err != nil {
		return super{}, &SuperError{role, dev.Name(), err}
	}
	return s, nil
}

// parseSuper verifies any bytes of the size of a super block.
func parseSuper(block []byte, fsid uint64) (super, error) {
	err := format.VerifyBlock(block, format.Want{
		Magic:  format.MagicSuper,
		FSID:   fsid,
		Blkno:  format.SuperBlkno,
		AnySeq: true,
	})
	if err != nil {
		return super{}, err
	}
	view, err := format.View[format.Super](block)
	return super{view, block}, err
}

// readMetaSuper reads a super that has to be a metadata device's.
func readMetaSuper(dev device.Device) (super, error) {
	s, err := readSuper(dev, Meta, 0)
	if err != nil {
		return super{}, err
	}
	if !s.IsMeta() {
		return super{}, &WrongDeviceError{Meta, dev.Name()}
	}
	return s, s.checkVersion(Meta)
}

func (s super) checkVersion(role Role) error {
	if s.VersionSupported() {
		return nil
	}
	return &VersionError{role, s.FmtVers.Get()}
}

func (s super) volume() Volume {
	return Volume{
		FSID:          s.Hdr.FSID.Get(),
		UUID:          s.UUID,
		FormatVersion: s.FmtVers.Get(),
		MetaBlocks:    s.TotalMetaBlocks.Get(),
		DataBlocks:    s.TotalDataBlocks.Get(),
		QuorumVersion: s.Qconf.Version.Get(),
		Slots:         s.Qconf.Addrs(),
	}
}

// write puts the super on stable storage.
func (s super) write(ctx context.Context, dev device.Device) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.Hdr.Seq.Set(offlineSeq)
	format.Seal(s.block)
	if _, err := dev.WriteAt(s.block, superOffset); err != nil {
		return fmt.Errorf("write super block: %w", err)
	}
	if err := dev.Flush(); err != nil {
		return fmt.Errorf("write super block: %w", err)
	}
	return nil
}
