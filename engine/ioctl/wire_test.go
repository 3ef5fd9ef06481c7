// SPDX-License-Identifier: GPL-2.0-or-later

package ioctl

import (
	"reflect"
	"strings"
	"testing"

	"scoutfs/engine/format"
)

// Offsets and sizes as a C compiler gives them for kmod/src/ioctl.h and
// linux/fiemap.h on x86_64: size, then the offset and size of every field.
func TestStructuresHaveTheLayoutThatCGivesThem(t *testing.T) {
	t.Parallel()
	type field struct {
		name         string
		offset, size uintptr
	}
	for _, s := range []struct {
		structure any
		size      uintptr
		fields    []field
	}{
		{walkEntry{}, 24, []field{{"Major", 0, 8}, {"Ino", 8, 8}, {"Minor", 16, 4}, {"Pad", 20, 4}}},
		{walkInodesArg{}, 72, []field{{"First", 0, 24}, {"Last", 24, 24}, {"EntriesPtr", 48, 8}, {"NrEntries", 56, 4}, {"Index", 60, 1}, {"Pad", 61, 11}}},
		{inoPathArg{}, 40, []field{{"Ino", 0, 8}, {"DirIno", 8, 8}, {"DirPos", 16, 8}, {"ResultPtr", 24, 8}, {"ResultBytes", 32, 2}, {"Pad", 34, 6}}},
		{inoPathHead{}, 24, []field{{"DirIno", 0, 8}, {"DirPos", 8, 8}, {"PathBytes", 16, 2}, {"Pad", 18, 6}}},
		{releaseArg{}, 24, []field{{"Offset", 0, 8}, {"Length", 8, 8}, {"DataVersion", 16, 8}}},
		{stageArg{}, 32, []field{{"DataVersion", 0, 8}, {"BufPtr", 8, 8}, {"Offset", 16, 8}, {"Length", 24, 4}, {"Pad", 28, 4}}},
		{statMoreArg{}, 56, []field{{"MetaSeq", 0, 8}, {"DataSeq", 8, 8}, {"DataVersion", 16, 8}, {"OnlineBlocks", 24, 8}, {"OfflineBlocks", 32, 8}, {"CrtimeSec", 40, 8}, {"CrtimeNsec", 48, 4}, {"Pad", 52, 4}}},
		{waitingEntry{}, 24, []field{{"Ino", 0, 8}, {"Iblock", 8, 8}, {"Op", 16, 1}, {"Pad", 17, 7}}},
		{dataWaitingArg{}, 40, []field{{"Flags", 0, 8}, {"AfterIno", 8, 8}, {"AfterIblock", 16, 8}, {"EntsPtr", 24, 8}, {"EntsNr", 32, 2}, {"Pad", 34, 6}}},
		{setattrMoreArg{}, 48, []field{{"DataVersion", 0, 8}, {"ISize", 8, 8}, {"Flags", 16, 8}, {"CtimeSec", 24, 8}, {"CtimeNsec", 32, 4}, {"CrtimeNsec", 36, 4}, {"CrtimeSec", 40, 8}}},
		{listxattrHiddenArg{}, 24, []field{{"IDPos", 0, 8}, {"BufPtr", 8, 8}, {"BufBytes", 16, 4}, {"HashPos", 20, 4}}},
		{searchXattrsArg{}, 56, []field{{"NextIno", 0, 8}, {"LastIno", 8, 8}, {"NamePtr", 16, 8}, {"InodesPtr", 24, 8}, {"OutputFlags", 32, 8}, {"NrInodes", 40, 8}, {"NameBytes", 48, 2}, {"Pad", 50, 6}}},
		{statfsMoreArg{}, 48, []field{{"FSID", 0, 8}, {"RID", 8, 8}, {"CommittedSeq", 16, 8}, {"TotalMetaBlocks", 24, 8}, {"TotalDataBlocks", 32, 8}, {"ReservedMetaBlocks", 40, 8}}},
		{dataWaitErrArg{}, 48, []field{{"Ino", 0, 8}, {"DataVersion", 8, 8}, {"Offset", 16, 8}, {"Count", 24, 8}, {"Op", 32, 8}, {"Err", 40, 8}}},
		{allocDetailArg{}, 16, []field{{"EntriesPtr", 0, 8}, {"EntriesNr", 8, 8}}},
		{allocEntry{}, 24, []field{{"ID", 0, 8}, {"Blocks", 8, 8}, {"Type", 16, 1}, {"Bits", 17, 1}, {"Pad", 18, 6}}},
		{moveBlocksArg{}, 48, []field{{"FromFD", 0, 8}, {"FromOff", 8, 8}, {"Len", 16, 8}, {"ToOff", 24, 8}, {"DataVersion", 32, 8}, {"Flags", 40, 8}}},
		{resizeDevicesArg{}, 16, []field{{"NewTotalMetaBlocks", 0, 8}, {"NewTotalDataBlocks", 8, 8}}},
		{readXattrTotalsArg{}, 40, []field{{"PosName", 0, 24}, {"TotalsPtr", 24, 8}, {"TotalsBytes", 32, 8}}},
		{xattrTotal{}, 40, []field{{"Name", 0, 24}, {"Total", 24, 8}, {"Count", 32, 8}}},
		{getAllocatedInosArg{}, 24, []field{{"StartIno", 0, 8}, {"InosPtr", 8, 8}, {"InosBytes", 16, 8}}},
		{getReferringEntriesArg{}, 40, []field{{"Ino", 0, 8}, {"DirIno", 8, 8}, {"DirPos", 16, 8}, {"EntriesPtr", 24, 8}, {"EntriesBytes", 32, 8}}},
		// In C the name follows at 29, in the structure's own padding.
		{direntHead{}, 29, []field{{"DirIno", 0, 8}, {"DirPos", 8, 8}, {"Ino", 16, 8}, {"EntryBytes", 24, 2}, {"Flags", 26, 1}, {"DType", 27, 1}, {"NameLen", 28, 1}}},
		{attrX{}, 104, []field{
			{"XMask", 0, 8},
			{"XFlags", 8, 8},
			{"MetaSeq", 16, 8},
			{"DataSeq", 24, 8},
			{"DataVersion", 32, 8},
			{"OnlineBlocks", 40, 8},
			{"OfflineBlocks", 48, 8},
			{"CtimeSec", 56, 8},
			{"CtimeNsec", 64, 4},
			{"CrtimeNsec", 68, 4},
			{"CrtimeSec", 72, 8},
			{"Size", 80, 8},
			{"Bits", 88, 8},
			{"ProjectID", 96, 8},
		}},
		{format.QuotaRule{}, 48, []field{{"NameVal", 0, 24}, {"Limit", 24, 8}, {"Prio", 32, 1}, {"Op", 33, 1}, {"RuleFlags", 34, 1}, {"NameSource", 35, 3}, {"NameFlags", 38, 3}, {"Pad", 41, 7}}},
		{getQuotaRulesArg{}, 32, []field{{"Iterator", 0, 16}, {"RulesPtr", 16, 8}, {"RulesNr", 24, 8}}},
		{indexEntry{}, 24, []field{{"Minor", 0, 8}, {"Ino", 8, 8}, {"Major", 16, 1}, {"Pad", 17, 7}}},
		{readXattrIndexArg{}, 72, []field{{"Flags", 0, 8}, {"First", 8, 24}, {"Last", 32, 24}, {"EntriesPtr", 56, 8}, {"EntriesNr", 64, 8}}},
		{punchOfflineArg{}, 32, []field{{"Offset", 0, 8}, {"Len", 8, 8}, {"DataVersion", 16, 8}, {"Flags", 24, 8}}},
		{injectTotlDeltaArg{}, 40, []field{{"Name", 0, 24}, {"Total", 24, 8}, {"Count", 32, 8}}},
		{fiemapArg{}, 32, []field{{"Start", 0, 8}, {"Length", 8, 8}, {"Flags", 16, 4}, {"MappedExtents", 20, 4}, {"ExtentCount", 24, 4}, {"Reserved", 28, 4}}},
		{fiemapExtent{}, 56, []field{{"Logical", 0, 8}, {"Physical", 8, 8}, {"Length", 16, 8}, {"Reserved64", 24, 16}, {"Flags", 40, 4}, {"Reserved", 44, 12}}},
	} {
		typ := reflect.TypeOf(s.structure)
		t.Run(typ.Name(), func(t *testing.T) {
			t.Parallel()
			if typ.Size() != s.size || typ.Align() != 1 {
				t.Errorf("size %d, align %d, expected %d and 1", typ.Size(), typ.Align(), s.size)
			}
			if typ.NumField() != len(s.fields) {
				t.Errorf("%d fields, expected %d", typ.NumField(), len(s.fields))
			}
			for _, want := range s.fields {
				f, ok := typ.FieldByName(want.name)
				if !ok || f.Offset != want.offset || f.Type.Size() != want.size {
					t.Errorf("%s at %d(%d), expected %d(%d)", want.name, f.Offset, f.Type.Size(), want.offset, want.size)
				}
			}
		})
	}
}

// The table's places of pointers and lengths are those of the fields.
func TestTableKnowsWherePointersAndLengthsAre(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		number  Number
		arg     any
		in, out [2]string // pointer, length
		unit    uintptr   // of out
	}{
		{number: NumberWalkInodes, arg: walkInodesArg{}, out: [2]string{"EntriesPtr", "NrEntries"}, unit: 24},
		{number: NumberInoPath, arg: inoPathArg{}, out: [2]string{"ResultPtr", "ResultBytes"}, unit: 1},
		{number: NumberRelease, arg: releaseArg{}},
		{number: NumberStage, arg: stageArg{}, in: [2]string{"BufPtr", "Length"}},
		{number: NumberStatMore, arg: statMoreArg{}},
		{number: NumberDataWaiting, arg: dataWaitingArg{}, out: [2]string{"EntsPtr", "EntsNr"}, unit: 24},
		{number: NumberSetattrMore, arg: setattrMoreArg{}},
		{number: NumberListxattrHidden, arg: listxattrHiddenArg{}, out: [2]string{"BufPtr", "BufBytes"}, unit: 1},
		{number: NumberSearchXattrs, arg: searchXattrsArg{}, in: [2]string{"NamePtr", "NameBytes"}, out: [2]string{"InodesPtr", "NrInodes"}, unit: 8},
		{number: NumberStatfsMore, arg: statfsMoreArg{}},
		{number: NumberDataWaitErr, arg: dataWaitErrArg{}},
		{number: NumberAllocDetail, arg: allocDetailArg{}, out: [2]string{"EntriesPtr", "EntriesNr"}, unit: 24},
		{number: NumberMoveBlocks, arg: moveBlocksArg{}},
		{number: NumberResizeDevices, arg: resizeDevicesArg{}},
		{number: NumberReadXattrTotals, arg: readXattrTotalsArg{}, out: [2]string{"TotalsPtr", "TotalsBytes"}, unit: 1},
		{number: NumberGetAllocatedInos, arg: getAllocatedInosArg{}, out: [2]string{"InosPtr", "InosBytes"}, unit: 1},
		{number: NumberGetReferringEntries, arg: getReferringEntriesArg{}, out: [2]string{"EntriesPtr", "EntriesBytes"}, unit: 1},
		{number: NumberGetAttrX, arg: attrX{}},
		{number: NumberSetAttrX, arg: attrX{}},
		{number: NumberGetQuotaRules, arg: getQuotaRulesArg{}, out: [2]string{"RulesPtr", "RulesNr"}, unit: 48},
		{number: NumberAddQuotaRule, arg: format.QuotaRule{}},
		{number: NumberDelQuotaRule, arg: format.QuotaRule{}},
		{number: NumberReadXattrIndex, arg: readXattrIndexArg{}, out: [2]string{"EntriesPtr", "EntriesNr"}, unit: 24},
		{number: NumberPunchOffline, arg: punchOfflineArg{}},
		{number: NumberInjectTotlDelta, arg: injectTotlDeltaArg{}},
		{number: NumberFiemap, arg: fiemapArg{}, out: [2]string{"", "ExtentCount"}, unit: 56},
	} {
		t.Run(row.number.String(), func(t *testing.T) {
			t.Parallel()
			info, ok := row.number.Info()
			if !ok {
				t.Fatal("not in the table")
			}
			typ := reflect.TypeOf(row.arg)
			if int(typ.Size()) != row.number.Size() {
				t.Errorf("the number says %d bytes, the structure has %d", row.number.Size(), typ.Size())
			}
			check := func(which string, got buffer, fields [2]string, unit uintptr) {
				if fields[1] == "" {
					if got.exists() {
						t.Errorf("has an %s buffer", which)
					}
					return
				}
				length, _ := typ.FieldByName(fields[1])
				want := buffer{pointer: follows, length: int(length.Offset), width: int(length.Type.Size()), unit: int(unit), align: got.align}
				if fields[0] != "" {
					pointer, _ := typ.FieldByName(fields[0])
					want.pointer = int(pointer.Offset)
				}
				if got != want {
					t.Errorf("%s buffer %+v, expected %+v", which, got, want)
				}
			}
			check("input", info.in, row.in, 1)
			check("output", info.out, row.out, row.unit)
			if info.in.exists() != (info.Data&BufferIn != 0) || info.out.exists() != (info.Data&BufferOut != 0) {
				t.Errorf("data %04b does not agree with the buffers", info.Data)
			}
			// Every pointer field is one of the two.
			for field := range typ.Fields() {
				if strings.HasSuffix(field.Name, "Ptr") && field.Name != row.in[0] && field.Name != row.out[0] {
					t.Errorf("nothing fills in %s", field.Name)
				}
			}
		})
	}
}
