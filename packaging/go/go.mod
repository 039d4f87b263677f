module placeholder.invalid/llamacloud-mock/packaging/go

go 1.22
