// SPDX-License-Identifier: GPL-2.0-or-later

package convert

import (
	"context"
	"fmt"
	"syscall"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
)

// ChangeQuorumConfig replaces the whole table of quorum slots of an unmounted
// volume and raises the table's version. Quorum blocks of slots that are
// removed stay, and are found again when a slot comes back.
//
// Refusals come before the write, in this order: slots that
// format.QuorumAddrs.Check finds fault with (EINVAL), *SuperError,
// *WrongDeviceError, *VersionError, *InUseError.
func ChangeQuorumConfig(ctx context.Context, meta device.Device, slots format.QuorumAddrs) (Volume, error) {
	if err := slots.Check(); err != nil {
		return Volume{}, fmt.Errorf("%w: %w", err, syscall.EINVAL)
	}
	s, err := readMetaSuper(meta)
	if err != nil {
		return Volume{}, err
	}
	if err := checkUnused(ctx, meta, s); err != nil {
		return Volume{}, err
	}
	s.Qconf.SetAddrs(slots)
	s.Qconf.Version.Set(s.Qconf.Version.Get() + 1)
	if err := s.write(ctx, meta); err != nil {
		return Volume{}, err
	}
	return s.volume(), nil
}
