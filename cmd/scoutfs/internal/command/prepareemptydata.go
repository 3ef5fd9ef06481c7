// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"context"
	"errors"
	"strconv"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/convert"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
)

// prepareRun is one run of prepare-empty-data-device.
type prepareRun struct {
	env   *cli.Env
	check bool
	force bool
	paths []string // of the metadata device, and of the data device if it is given
}

func newPrepareEmptyDataDevice(env *cli.Env) *cobra.Command {
	p := &prepareRun{env: env}
	cmd := &cobra.Command{
		Use:     "prepare-empty-data-device META-DEVICE DATA-DEVICE",
		GroupID: cli.GroupCore,
		Short:   "Prepare empty data device for use with an existing ScoutFS filesystem",
		Long: `Makes a device the data device of an unmounted volume none of whose files
has a block on the data device it had before. The new device must be at least
as large.

It refuses a device that holds anything but a data super of the same volume,
unless forced. With --check it only looks; the data device may then be left
out.

The JSON forms report meta_device, data_device, fsid, uuid, format_version,
total_meta_blocks (64 KiB each), total_data_blocks (4 KiB each), and prepared,
which is false if it only checked.`,
		Example: `  scoutfs prepare-empty-data-device --check /dev/meta
  scoutfs prepare-empty-data-device /dev/meta /dev/newdata`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			switch {
			case len(operands) > 2:
				return cli.Usagef("more than two device arguments given")
			case len(operands) == 0:
				return cli.Usagef("no metadata device argument given")
			case len(operands) == 1 && !p.check:
				return cli.Usagef("no data device argument given")
			}
			p.paths = operands
			return p.run(cmd.Context())
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&p.check, "check", "c", false, "only check for errors and do not write")
	flags.BoolVarP(&p.force, "force", "f", false, "overwrite what the data device holds")
	cli.Reports(cmd, output.JSON, output.JSONL)
	cli.Extension(cmd, "force")
	return cmd
}

func (p *prepareRun) run(ctx context.Context) error {
	volume, err := p.convert(ctx)
	if err != nil {
		err = convertFailure(err, "to determine if the data device is empty.")
	}
	if p.env.Output().Form().Machine() {
		if err != nil {
			return err
		}
		return p.env.Output().Object(p.object(volume))
	}
	switch {
	case err != nil && p.check:
		p.env.Output().Printf("Errors were found that must be addressed before a new empty data device could be prepared and used.\n")
	case err == nil && p.check:
		p.env.Output().Printf("All checks passed.\n")
	case err == nil:
		p.report(volume)
	}
	return errors.Join(err, p.env.Output().Err())
}

// convert opens the devices and does the job.
func (p *prepareRun) convert(ctx context.Context) (volume convert.Volume, err error) {
	var pair device.Pair
	defer func() { err = errors.Join(err, pair.Close()) }()
	if len(p.paths) == 2 {
		if err := refuseSame(p.paths[0], p.paths[1]); err != nil {
			return volume, err
		}
	}
	if pair.Meta, err = openDevice("meta device", p.paths[0], false); err != nil {
		return volume, err
	}
	// Upstream looks at the volume before it opens the new device.
	volume, err = convert.CheckEmptyData(ctx, pair, p.force)
	if err != nil || len(p.paths) == 1 {
		return volume, err
	}
	if pair.Data, err = openDevice("data device", p.paths[1], !p.check); err != nil {
		return volume, err
	}
	if p.check {
		return convert.CheckEmptyData(ctx, pair, p.force)
	}
	return convert.PrepareEmptyData(ctx, pair, p.force)
}

// preparedVolume is what prepare-empty-data-device reports as JSON.
type preparedVolume struct {
	MetaDevice      string `json:"meta_device"`
	DataDevice      string `json:"data_device,omitempty"`
	FSID            string `json:"fsid"`
	UUID            string `json:"uuid"`
	FormatVersion   uint64 `json:"format_version"`
	TotalMetaBlocks uint64 `json:"total_meta_blocks"` // of 64 KiB
	TotalDataBlocks uint64 `json:"total_data_blocks"` // of 4 KiB
	Prepared        bool   `json:"prepared"`          // false if it was only checked
}

func (p *prepareRun) object(volume convert.Volume) preparedVolume {
	report := preparedVolume{
		MetaDevice:      p.paths[0],
		FSID:            fixedHex(volume.FSID),
		UUID:            volume.UUID.String(),
		FormatVersion:   volume.FormatVersion,
		TotalMetaBlocks: volume.MetaBlocks,
		TotalDataBlocks: volume.DataBlocks,
		Prepared:        !p.check,
	}
	if len(p.paths) == 2 {
		report.DataDevice = p.paths[1]
	}
	return report
}

func (p *prepareRun) report(volume convert.Volume) {
	p.env.Output().Printf("Successfully initialized empty data device for scoutfs filesystem:\n%s", fields(volumeColumn, []field{
		{"meta device path", p.paths[0]},
		{"data device path", p.paths[1]},
		{"fsid", strconv.FormatUint(volume.FSID, 16)},
		{"uuid", volume.UUID.String()},
		{"format version", strconv.FormatUint(volume.FormatVersion, 10)},
		{"64KB metadata blocks", values.CountSize(volume.MetaBlocks, format.LargeBlockSize)},
		{"4KB data blocks", values.CountSize(volume.DataBlocks, format.SmallBlockSize)},
	}))
}
