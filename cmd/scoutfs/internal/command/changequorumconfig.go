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
	"scoutfs/engine/format"
)

func newChangeQuorumConfig(env *cli.Env) *cobra.Command {
	var (
		offline bool
		slots   format.QuorumAddrs
	)
	cmd := &cobra.Command{
		Use:     "change-quorum-config META-DEVICE",
		GroupID: cli.GroupCore,
		Short:   "Change quorum slots and addresses of an existing ScoutFS filesystem",
		Long: `Replaces the whole table of quorum slots of an unmounted volume: slots that
are not given are no longer configured.

The JSON forms report meta_device, fsid, uuid, quorum_version, and quorum_slots
as a list of slot and address.`,
		Example: "  scoutfs change-quorum-config --offline -Q 0,10.0.0.1,42000 -Q 1,10.0.0.2,42000 /dev/meta",
		RunE: func(cmd *cobra.Command, operands []string) error {
			switch {
			case len(operands) > 1:
				return cli.Usagef("more than one metadata device argument given")
			case !offline:
				return cli.Usagef("must specify --offline")
			case len(operands) == 0:
				return cli.Usagef("no metadata device argument given")
			case slots.Configured() == 0:
				return cli.Usagef("must specify at least one quorum slot with --quorum-slot|-Q")
			}
			if err := checkSlots(env, slots); err != nil {
				return err
			}
			return changeQuorumConfig(cmd.Context(), env, operands[0], slots)
		},
	}
	flags := cmd.Flags()
	flags.VarP(values.QuorumSlots(&slots), "quorum-slot", "Q", "address of a quorum slot as `NR,ADDR,PORT`; required, repeatable")
	flags.BoolVarP(&offline, "offline", "F", false, "the volume is not mounted anywhere; required")
	cli.Reports(cmd, output.JSON, output.JSONL)
	cli.CommandLineOnly(cmd, "offline", "quorum-slot")
	return cmd
}

func changeQuorumConfig(ctx context.Context, env *cli.Env, path string, slots format.QuorumAddrs) (err error) {
	meta, err := openDevice("meta device", path, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, meta.Close()) }()
	volume, err := convert.ChangeQuorumConfig(ctx, meta, slots)
	if err != nil {
		return convertFailure(err, "to change the quorum config")
	}
	return reportQuorum(env, path, volume)
}

// quorumChange is what change-quorum-config reports as JSON.
type quorumChange struct {
	MetaDevice    string       `json:"meta_device"`
	FSID          string       `json:"fsid"`
	UUID          string       `json:"uuid"`
	QuorumVersion uint64       `json:"quorum_version"`
	QuorumSlots   []quorumSlot `json:"quorum_slots"`
}

func reportQuorum(env *cli.Env, path string, volume convert.Volume) error {
	out := env.Output()
	if out.Form().Machine() {
		return out.Object(quorumChange{
			MetaDevice:    path,
			FSID:          fixedHex(volume.FSID),
			UUID:          volume.UUID.String(),
			QuorumVersion: volume.QuorumVersion,
			QuorumSlots:   quorumSlots(volume.Slots),
		})
	}
	out.Printf("Successfully changed quorum config for scoutfs filesystem:\n%s", fields(volumeColumn, []field{
		{"meta device path", path},
		{"fsid", strconv.FormatUint(volume.FSID, 16)},
		{"uuid", volume.UUID.String()},
		{"quorum config version", strconv.FormatUint(volume.QuorumVersion, 10)},
		{"quorum slots", slotLines(volume.Slots)},
	}))
	return out.Err()
}
