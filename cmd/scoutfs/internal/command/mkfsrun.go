// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"syscall"
	"time"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/errno"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/engine/device"
	"scoutfs/engine/device/signature"
	"scoutfs/engine/format"
	"scoutfs/mkfs"
)

// mkfsRun is one run of mkfs.
type mkfsRun struct {
	env        *cli.Env
	options    mkfs.Options
	given      mkfs.Identity // by options; what was not given is zero
	createSize [2]uint64     // of devices that do not exist, bytes; 0 for an error
	force      bool
	discard    bool
	dryRun     bool
	paths      [2]string

	devices [2]device.Device // nil until they exist
	created []string         // files that this run made
}

// The places of both devices in the arrays above, and what upstream's
// messages call them.
const (
	metaDevice = iota
	dataDevice
)

var deviceNames = [2]string{"meta", "data"}

// run makes the volume. Everything that can be refused is refused before
// anything is created or written.
func (m *mkfsRun) run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, m.close(err != nil)) }()
	if err := refuseSame(m.paths[metaDevice], m.paths[dataDevice]); err != nil {
		return err
	}
	for which := range m.devices {
		if err := m.openExisting(which); err != nil {
			return err
		}
	}
	for which := range m.devices {
		if err := m.checkSize(which); err != nil {
			return err
		}
	}
	plan, err := mkfs.NewPlan(m.options, m.size(metaDevice), m.size(dataDevice))
	if err != nil {
		return err
	}
	if m.dryRun {
		return m.report(plan)
	}
	for which := range m.devices {
		if err := m.create(which); err != nil {
			return err
		}
	}
	pair := device.Pair{Meta: m.devices[metaDevice], Data: m.devices[dataDevice]}
	err = plan.Write(ctx, pair, mkfs.WriteOptions{Discard: m.discard, Progress: m.env.Progress()})
	if err != nil {
		return fmt.Errorf("the volume is not complete: %w", err)
	}
	return m.report(plan)
}

// openExisting opens a device and looks at what it holds. A device that does
// not exist is left for create.
func (m *mkfsRun) openExisting(which int) error {
	path := m.paths[which]
	if m.createSize[which] != 0 {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
	}
	dev, err := openDevice(deviceNames[which]+" dev", path, !m.dryRun)
	if err != nil {
		return err
	}
	m.devices[which] = dev
	if m.force {
		return nil
	}
	found, err := signature.Probe(dev, dev.Size())
	if err != nil {
		return cli.Failf(err, "%s: failed to look for existing contents: %v", path, err)
	}
	if len(found) > 0 {
		return existing(path, found)
	}
	return nil
}

// size is the size in bytes that a device has or will have.
func (m *mkfsRun) size(which int) uint64 {
	if dev := m.devices[which]; dev != nil {
		return uint64(dev.Size())
	}
	return m.createSize[which]
}

// checkSize says, in upstream's words, how a limit changes what is used of a
// device, and refuses what is too small.
func (m *mkfsRun) checkSize(which int) error {
	use := mkfs.MetaUse(m.size(which), m.options.MaxMetaSize)
	if which == dataDevice {
		use = mkfs.DataUse(m.size(which), m.options.MaxDataSize)
	}
	name := deviceNames[which]
	switch {
	case use.Limit == 0 || use.Limit == use.Size:
		// the whole device
	case use.Limit < use.Size:
		m.notef("Limiting use of %s %s device to %s", values.BaseSize(use.Size), name, values.BaseSize(use.Limit))
	default:
		m.notef("Device size limit of %s for %s device is greater than %s available, ignored.",
			values.BaseSize(use.Limit), name, values.BaseSize(use.Size))
	}
	if !use.Small() {
		return nil
	}
	allowed := ""
	if m.options.AllowSmall {
		allowed = ", allowing with -A"
	}
	m.env.Warnf("%s too small for min %s %s device%s",
		values.BaseSize(use.Used), values.BaseSize(format.MinDeviceSize), name, allowed)
	if !m.options.AllowSmall {
		return syscall.EINVAL
	}
	return nil
}

// notef writes a remark that upstream writes to the standard output.
func (m *mkfsRun) notef(format string, args ...any) {
	if m.env.Output().Form().Machine() {
		m.env.Warnf(format, args...)
		return
	}
	m.env.Output().Printf(format+"\n", args...)
}

// create makes and opens a device that does not exist.
func (m *mkfsRun) create(which int) error {
	if m.devices[which] != nil {
		return nil
	}
	path := m.paths[which]
	if err := device.CreateSparse(path, int64(m.createSize[which]), 0o600); err != nil {
		return cli.Failf(err, "failed to create %s dev '%s': %s", deviceNames[which], path, errno.Text(err))
	}
	m.created = append(m.created, path)
	dev, err := openDevice(deviceNames[which]+" dev", path, true)
	m.devices[which] = dev
	return err
}

// close closes the devices. A run that failed also removes the files it made.
func (m *mkfsRun) close(failed bool) error {
	var errs []error
	for _, dev := range m.devices {
		if dev != nil {
			errs = append(errs, dev.Close())
		}
	}
	if failed {
		for _, path := range m.created {
			errs = append(errs, os.Remove(path))
		}
	}
	return errors.Join(errs...)
}

// mkfsReport is what mkfs reports as JSON.
type mkfsReport struct {
	MetaDevice          string       `json:"meta_device"`
	DataDevice          string       `json:"data_device"`
	FSID                string       `json:"fsid"`
	UUID                string       `json:"uuid"`
	Created             string       `json:"created"` // RFC 3339, UTC
	FormatVersion       uint64       `json:"format_version"`
	TotalMetaBlocks     uint64       `json:"total_meta_blocks"` // of 64 KiB
	TotalDataBlocks     uint64       `json:"total_data_blocks"` // of 4 KiB
	DataAllocZoneBlocks uint64       `json:"data_alloc_zone_blocks,omitempty"`
	QuorumVersion       uint64       `json:"quorum_version"`
	QuorumSlots         []quorumSlot `json:"quorum_slots"`
	DryRun              bool         `json:"dry_run"`
}

func (m *mkfsRun) report(plan *mkfs.Plan) error {
	out := m.env.Output()
	if out.Form().Machine() {
		return out.Object(mkfsReport{
			MetaDevice:          m.paths[metaDevice],
			DataDevice:          m.paths[dataDevice],
			FSID:                fixedHex(plan.FSID),
			UUID:                plan.UUID.String(),
			Created:             plan.Created.UTC().Format(time.RFC3339Nano),
			FormatVersion:       plan.FormatVersion,
			TotalMetaBlocks:     plan.MetaBlocks,
			TotalDataBlocks:     plan.DataBlocks,
			DataAllocZoneBlocks: plan.DataAllocZoneBlocks,
			QuorumVersion:       plan.QuorumVersion,
			QuorumSlots:         quorumSlots(plan.Slots),
			DryRun:              m.dryRun,
		})
	}
	heading := "Created scoutfs filesystem:"
	if m.dryRun {
		heading = "Would create scoutfs filesystem:"
	}
	out.Printf("%s\n%s", heading, fields(volumeColumn, []field{
		{"meta device path", m.paths[metaDevice]},
		{"data device path", m.paths[dataDevice]},
		{"fsid", strconv.FormatUint(plan.FSID, 16)},
		{"uuid", plan.UUID.String()},
		{"format version", strconv.FormatUint(plan.FormatVersion, 10)},
		{"64KB metadata blocks", values.CountSize(plan.MetaBlocks, format.LargeBlockSize)},
		{"4KB data blocks", values.CountSize(plan.DataBlocks, format.SmallBlockSize)},
		{"quorum config version", strconv.FormatUint(plan.QuorumVersion, 10)},
		{"quorum slots", slotLines(plan.Slots)},
	}))
	return out.Err()
}
