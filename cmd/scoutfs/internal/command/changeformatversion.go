// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/errno"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/convert"
	"scoutfs/engine/format"
)

func newChangeFormatVersion(env *cli.Env) *cobra.Command {
	var offline bool
	version := uint64(format.MaxVersion)
	cmd := &cobra.Command{
		Use:     "change-format-version META-DEVICE DATA-DEVICE",
		GroupID: cli.GroupCore,
		Short:   "Change format version of an existing ScoutFS filesystem",
		Long: `Raises the format version of an unmounted volume. Only the supers of both
devices change, the data device's first; what older programs wrote stays
readable. There is no way back.

If it is interrupted between the two supers, the same command finishes it.

The JSON forms report meta_device, data_device, fsid, uuid, format_version,
what the supers said before as from_meta_version and from_data_version, and
changed, which is false if there was nothing to do.`,
		Example: "  scoutfs change-format-version --offline -V 2 /dev/meta /dev/data",
		RunE: func(cmd *cobra.Command, operands []string) error {
			switch {
			case version < format.MinVersion || version > format.MaxVersion:
				return cli.Usagef("format-version %d is outside supported range of %d-%d", version, format.MinVersion, format.MaxVersion)
			case len(operands) > 2:
				return cli.Usagef("more than two device arguments given")
			case !offline:
				return cli.Usagef("must specify --offline")
			case len(operands) == 0:
				return cli.Usagef("no metadata device argument given")
			case len(operands) == 1:
				return cli.Usagef("no data device argument given")
			}
			return changeFormatVersion(cmd.Context(), env, operands, version)
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&offline, "offline", "F", false, "the volume is not mounted anywhere; required")
	flags.VarP(values.Uint64(&version), "format-version", "V", "raise the format version to `VERS`, 1 or 2")
	cli.Reports(cmd, output.JSON, output.JSONL)
	cli.CommandLineOnly(cmd, "offline")
	return cmd
}

func changeFormatVersion(ctx context.Context, env *cli.Env, paths []string, version uint64) (err error) {
	pair, err := openBoth([2]string{"meta device", "data device"}, paths)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pair.Close()) }()
	change, err := convert.ChangeFormatVersion(ctx, pair, version)
	if err != nil {
		return versionFailure(env, err)
	}
	return reportVersion(env, paths, change)
}

// versionFailure writes two of the refusals to the standard output, where
// upstream's tool has them; programs find them in the error.
func versionFailure(env *cli.Env, err error) error {
	var wrong *convert.WrongDeviceError
	var downgrade *convert.DowngradeError
	var text string
	switch {
	case errors.As(err, &wrong):
		number := 1
		if wrong.Want == convert.Data {
			number = 2
		}
		text = fmt.Sprintf("device argument #%d is not a %s device (swap arguments?)", number, wrong.Want)
	case errors.As(err, &downgrade):
		text = downgrade.Error()
	default:
		return convertFailure(err, "to change the format version")
	}
	if env.Output().Form().Machine() {
		return cli.Failf(err, "%s", text)
	}
	env.Output().Printf("%s\n", text)
	return errno.Of(err)
}

// versionChange is what change-format-version reports as JSON.
type versionChange struct {
	MetaDevice      string `json:"meta_device"`
	DataDevice      string `json:"data_device"`
	FSID            string `json:"fsid"`
	UUID            string `json:"uuid"`
	FormatVersion   uint64 `json:"format_version"`
	FromMetaVersion uint64 `json:"from_meta_version"` // what the metadata super said before
	FromDataVersion uint64 `json:"from_data_version"`
	Changed         bool   `json:"changed"`
}

func reportVersion(env *cli.Env, paths []string, change convert.VersionChange) error {
	out := env.Output()
	switch {
	case out.Form().Machine():
		return out.Object(versionChange{
			MetaDevice:      paths[0],
			DataDevice:      paths[1],
			FSID:            fixedHex(change.FSID),
			UUID:            change.UUID.String(),
			FormatVersion:   change.FormatVersion,
			FromMetaVersion: change.FromMeta,
			FromDataVersion: change.FromData,
			Changed:         change.Changed(),
		})
	case !change.Changed():
		out.Printf("both metadata and data device format version are already %d, nothing to do.\n", change.FormatVersion)
	default:
		out.Printf("Successfully updated format version for scoutfs filesystem:\n%s", fields(volumeColumn-2, []field{
			{"meta device path", paths[0]},
			{"data device path", paths[1]},
			{"fsid", strconv.FormatUint(change.FSID, 16)},
			{"uuid", change.UUID.String()},
			{"format version", strconv.FormatUint(change.FormatVersion, 10)},
		}))
	}
	return out.Err()
}
